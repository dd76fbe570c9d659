#ifndef CCOMPRESSION_H
#define CCOMPRESSION_H
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

// Macros that Swift cannot see. `window_bits` as in deflateInit2 and inflateInit2: 15 + 16 for gzip.
int cc_inflate_init(z_stream *stream, int window_bits);
int cc_deflate_init(z_stream *stream, int level, int window_bits);
#endif
