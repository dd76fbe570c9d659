/// Aligns text into columns as Go's text/tabwriter does with spaces: a cell ends at a tab, a column is a run of lines
/// that have a cell there, and the text after a line's last tab is never padded.
public struct TabWriter {
    /// The least width of a column, padding included.
    public let minimumWidth: Int
    /// Spaces between a column's widest cell and the next column.
    public let padding: Int
    private var lines: [[Cell]] = [[]]
    private var open: [UInt8] = []

    private struct Cell {
        var text: [UInt8]
        /// In characters.
        var width: Int
    }

    public init(minimumWidth: Int, padding: Int) {
        self.minimumWidth = minimumWidth
        self.padding = padding
    }

    /// Adds text; tabs end cells, newlines end lines.
    public mutating func write(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case 9: endCell()
            case 10:
                endCell()
                lines.append([])
            default: open.append(byte)
            }
        }
    }

    private mutating func endCell() {
        // Continuation bytes of UTF-8 take no column.
        let width = open.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
        lines[lines.count - 1].append(Cell(text: open, width: width))
        open = []
    }

    /// Everything written so far, aligned; the writer is empty afterwards.
    public mutating func flush() -> String {
        endCell()
        var out: [UInt8] = []
        var widths: [Int] = []
        format(0, lines.count, &widths, &out)
        lines = [[]]
        return String(decoding: out, as: UTF8.self)
    }

    private func format(_ start: Int, _ end: Int, _ widths: inout [Int], _ out: inout [UInt8]) {
        var unprinted = start
        var line = start
        let column = widths.count
        while line < end {
            if column >= lines[line].count - 1 {
                line += 1
                continue
            }
            print(unprinted, line, widths, &out)
            unprinted = line
            var width = minimumWidth
            while line < end, column < lines[line].count - 1 {
                width = max(width, lines[line][column].width + padding)
                line += 1
            }
            widths.append(width)
            format(unprinted, line, &widths, &out)
            widths.removeLast()
            unprinted = line
        }
        print(unprinted, end, widths, &out)
    }

    private func print(_ start: Int, _ end: Int, _ widths: [Int], _ out: inout [UInt8]) {
        for index in start..<end {
            for (column, cell) in lines[index].enumerated() {
                out += cell.text
                if column < widths.count {
                    out += [UInt8](repeating: 32, count: max(0, widths[column] - cell.width))
                }
            }
            if index + 1 < lines.count { out.append(10) }
        }
    }
}

/// Text in columns, as docker's tables are: at least ten wide, three spaces between.
public func aligned(_ text: String, minimumWidth: Int = 10, padding: Int = 3) -> String {
    var writer = TabWriter(minimumWidth: minimumWidth, padding: padding)
    writer.write(text)
    return writer.flush()
}
