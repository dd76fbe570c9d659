// The door to libsqlite3: what Swift cannot say of it itself.
#ifndef CSQLITE_H
#define CSQLITE_H
#include <sqlite3.h>

// Binds a copy of the bytes: SQLITE_TRANSIENT is a cast that Swift does not import.
int cs_bind_text(sqlite3_stmt *statement, int index, const char *text, int length);
int cs_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int length);
#endif
