package org.kiobd.volume;

import org.kiobd.volume.kiobuf.Fragment;

/**
 * One piece of the answer to a READ. A READ completes with an ordered list of pieces that cover its range without gap or overlap. The
 * request says which kinds of pieces the requester accepts; memory is always accepted. Immutable. A {@link Memory} piece is borrowed
 * from the Kiobuf and valid as long as the memory of the Kiobuf.
 */
public sealed interface ReadPiece {

    /** Bit for {@link Hole} in the set of accepted kinds. */
    int ACCEPT_HOLE = 1;

    /** Bit for {@link FileExtent} in the set of accepted kinds. */
    int ACCEPT_FILE_EXTENT = 2;

    /** Returns the number of bytes in this piece, more than 0. */
    long lengthBytes();

    /** Returns the {@code lengthBytes} bytes of this piece that follow its first {@code skipBytes}; the piece must have as many. */
    ReadPiece slice(long skipBytes, long lengthBytes);

    /** A piece whose bytes are in memory. */
    record Memory(Fragment fragment) implements ReadPiece {
        @Override
        public long lengthBytes() {
            return fragment.lengthBytes();
        }

        @Override
        public ReadPiece slice(long skipBytes, long lengthBytes) {
            return new Memory(fragment.slice(Math.toIntExact(skipBytes), Math.toIntExact(lengthBytes)));
        }
    }

    /** A piece for which nothing is stored: its bytes are zeros. */
    record Hole(long lengthBytes) implements ReadPiece {
        @Override
        public ReadPiece slice(long skipBytes, long newLengthBytes) {
            return new Hole(newLengthBytes);
        }
    }

    /**
     * A piece whose bytes are in an open file, from which they can be sent.
     *
     * @param fileDescriptor descriptor of the file; it stays open as long as the device is open
     * @param offsetBytes offset in the file, not in the member
     */
    record FileExtent(int fileDescriptor, long offsetBytes, long lengthBytes) implements ReadPiece {
        @Override
        public ReadPiece slice(long skipBytes, long newLengthBytes) {
            return new FileExtent(fileDescriptor, offsetBytes + skipBytes, newLengthBytes);
        }
    }
}
