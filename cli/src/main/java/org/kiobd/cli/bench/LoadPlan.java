package org.kiobd.cli.bench;

import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.client.ExportInfo;

/**
 * What to ask a server for, how often and how long. Immutable.
 *
 * @param order where the next request goes
 * @param readPercent of the requests, 0 to 100; the others are writes
 * @param blockBytes of a request, 1 or more
 * @param depth requests of a connection that are under way at a time, 1 or more
 * @param connections 1 or more; each has its own equal part of the range for what is sequential, and for everything if {@code verify}
 * @param range which bytes of the export
 * @param time how long
 * @param durability what makes writes durable
 * @param verify write what tells where it belongs, and compare whenever it is read; all that was written is read again at the end
 * @param seed of everything that is random
 */
public record LoadPlan(
        Order order,
        int readPercent,
        int blockBytes,
        int depth,
        int connections,
        Range range,
        Time time,
        Durability durability,
        boolean verify,
        long seed) {

    static final int ALL = 100;

    /** One byte of state for each would already be a lot; a range of this many blocks takes 4 bytes each. */
    private static final long MOST_VERIFIED_BLOCKS = 64L << 20;

    /** Where the next request goes. */
    public enum Order {
        SEQUENTIAL,
        RANDOM
    }

    /**
     * Which bytes.
     *
     * @param offsetBytes of the first
     * @param lengthBytes 0: up to the end
     */
    public record Range(long offsetBytes, long lengthBytes) {}

    /**
     * How long.
     *
     * @param warmUpMs not measured, 0 or more
     * @param runMs measured, 1 or more
     */
    public record Time(int warmUpMs, int runMs) {}

    /**
     * What makes writes durable.
     *
     * @param fua each of them, by NBD_CMD_FLAG_FUA
     * @param flushEvery a FLUSH after as many writes of a connection; 0: none
     */
    public record Durability(boolean fua, int flushEvery) {}

    /** The part of {@code export} that is meant, in whole blocks. */
    Range rangeOf(ExportInfo export) {
        long length = range.lengthBytes == 0 ? export.sizeBytes() - range.offsetBytes : range.lengthBytes;
        return new Range(range.offsetBytes, length / blockBytes * blockBytes);
    }

    /** What is wrong with it for {@code export}, in one line; null if it can be run. */
    @Nullable
    public String flawFor(ExportInfo export) {
        long endBytes = range.offsetBytes + range.lengthBytes;
        Range meant = rangeOf(export);
        long blocks = meant.lengthBytes / blockBytes;
        int least = export.blocks().minimumBytes();
        if (range.offsetBytes > export.sizeBytes() || endBytes > export.sizeBytes() || endBytes < 0) {
            return "offset=" + range.offsetBytes + " and size=" + range.lengthBytes + " are not within sizeBytes="
                    + export.sizeBytes();
        }
        if (blocks < connections * (long) depth) {
            return "a range of " + blocks + " blocks is too small for " + connections * (long) depth
                    + " requests at a time; take smaller blocks, or fewer requests";
        }
        if (blockBytes > export.blocks().maxPayloadBytes() || (blockBytes | (int) range.offsetBytes) % least != 0) {
            return "blocks of " + blockBytes + " bytes at " + range.offsetBytes
                    + " are not what the server takes: minimum " + least + ", maximum "
                    + export.blocks().maxPayloadBytes();
        }
        if (verify && blockBytes % Long.BYTES != 0) {
            return "blocks of " + blockBytes + " bytes cannot be verified; take a multiple of " + Long.BYTES;
        }
        if (verify && blocks > MOST_VERIFIED_BLOCKS) {
            return blocks + " blocks are too many to remember; verify a part, with --size";
        }
        return readPercent < ALL && export.isReadOnly() ? "the export is read-only; only reads can be asked for" : null;
    }
}
