package org.kiobd.cli.bench;

import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.client.ExportInfo;

/**
 * A plan for a load: which requests to send, and for how long. Immutable.
 *
 * @param order order of the requests' offsets
 * @param readPercent percentage of reads, 0 to 100; the other requests are writes
 * @param blockBytes size of a request, 1 or more
 * @param depth requests in flight on a connection, 1 or more
 * @param connections number of connections, 1 or more; each has its own equal part of the range if {@code order} is sequential or
 *     {@code verify} is set
 * @param range range of the export
 * @param time duration of the load
 * @param durability how writes become durable
 * @param verify whether to write data that identifies its block, compare every read with it, and read all written blocks again at the end
 * @param seed seed of all random values
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

    /** Limits the memory for the expected versions, 4 bytes for each block. */
    private static final long MOST_VERIFIED_BLOCKS = 64L << 20;

    /** Order of the requests' offsets. */
    public enum Order {
        SEQUENTIAL,
        RANDOM
    }

    /**
     * A range of the export.
     *
     * @param offsetBytes offset of the first byte
     * @param lengthBytes length; 0 for up to the end of the export
     */
    public record Range(long offsetBytes, long lengthBytes) {}

    /**
     * Duration of a load.
     *
     * @param warmUpMs time before the measurement, 0 or more
     * @param runMs time of the measurement, 1 or more
     */
    public record Time(int warmUpMs, int runMs) {}

    /**
     * How writes become durable.
     *
     * @param fua whether each write carries NBD_CMD_FLAG_FUA
     * @param flushEvery number of a connection's writes before each FLUSH; 0 for no FLUSH
     */
    public record Durability(boolean fua, int flushEvery) {}

    /** Returns the range of the plan in {@code export}, in whole blocks. */
    Range rangeOf(ExportInfo export) {
        long length = range.lengthBytes == 0 ? export.sizeBytes() - range.offsetBytes : range.lengthBytes;
        return new Range(range.offsetBytes, length / blockBytes * blockBytes);
    }

    /** Returns why the plan cannot run on {@code export}, in one line; null if it can. */
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
