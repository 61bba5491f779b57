package org.kiobd.volume;

import org.kiobd.volume.kiobuf.Fragment;

/**
 * One piece of the answer to a READ. A READ completes with an ordered list of pieces that cover its range without gap or overlap; the
 * requester said which kinds it accepts, and memory is always accepted. Immutable; a {@link Memory} piece is borrowed from the
 * Kiobuf and lives as long as it.
 */
public sealed interface ReadPiece {

    /** Bit for {@link Hole} in the set of accepted kinds. */
    int ACCEPT_HOLE = 1;

    /** Bit for {@link FileExtent} in the set of accepted kinds. */
    int ACCEPT_FILE_EXTENT = 2;

    /** Bytes in this piece, more than 0. */
    long lengthBytes();

    /** The piece without its first {@code skipBytes}, and of what remains at most {@code lengthBytes}. */
    ReadPiece slice(long skipBytes, long lengthBytes);

    /** The bytes are in memory. */
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

    /** The bytes are zeros that nothing is stored for. */
    record Hole(long lengthBytes) implements ReadPiece {
        @Override
        public ReadPiece slice(long skipBytes, long newLengthBytes) {
            return new Hole(newLengthBytes);
        }
    }

    /**
     * The bytes stand in an open file, to be sent from there.
     *
     * @param fileDescriptor stays open for as long as the device
     * @param offsetBytes position in the file, not in the member
     */
    record FileExtent(int fileDescriptor, long offsetBytes, long lengthBytes) implements ReadPiece {
        @Override
        public ReadPiece slice(long skipBytes, long newLengthBytes) {
            return new FileExtent(fileDescriptor, offsetBytes + skipBytes, newLengthBytes);
        }
    }
}
