package org.kiobd.cli.bench;

import io.netty.buffer.ByteBuf;
import java.util.BitSet;

/**
 * The expected data of the blocks of a range: each write fills all words of its block with a pattern that depends on the block's number and
 * on the number of the write. Confined to one thread.
 */
final class StampedBlocks {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final long MIX_1 = 0xBF58476D1CE4E5B9L;
    private static final long MIX_2 = 0x94D049BB133111EBL;
    private static final int SHIFT_1 = 30;
    private static final int SHIFT_2 = 27;
    private static final int SHIFT_3 = 31;

    /** The block's data is not known: it was not written, or a write of it failed. */
    private static final int UNKNOWN = 0;

    private final long seed;
    private final long firstBlock;
    private final int[] versions;
    private final BitSet underWay;
    private int lastVersion;

    /** @param firstBlock number of the range's first block, so that blocks of other ranges have other data */
    StampedBlocks(long seed, long firstBlock, int blocks) {
        this.seed = seed;
        this.firstBlock = firstBlock;
        this.versions = new int[blocks];
        this.underWay = new BitSet(blocks);
    }

    int blocks() {
        return versions.length;
    }

    /**
     * Takes {@code block}, or the next one without a request in flight, with wrap-around.
     *
     * @return the block
     */
    int take(int block) {
        int free = underWay.nextClearBit(block);
        if (free >= versions.length) {
            free = underWay.nextClearBit(0);
        }
        underWay.set(free);
        return free;
    }

    void release(int block) {
        underWay.clear(block);
    }

    /**
     * Fills {@code into}, from its first byte to its capacity, with new data for {@code block}; borrows it.
     *
     * @return the version
     */
    int stamp(int block, ByteBuf into) {
        int version = ++lastVersion;
        long word = word(block, version);
        for (int at = 0; at + Long.BYTES <= into.capacity(); at += Long.BYTES) {
            into.setLong(at, word);
            word += GOLDEN;
        }
        return version;
    }

    /** Records how the write of {@code version} ended. */
    void written(int block, int version, boolean failed) {
        versions[block] = failed ? UNKNOWN : version;
    }

    boolean isKnown(int block) {
        return versions[block] != UNKNOWN;
    }

    /**
     * Returns where {@code bytes} differ from the expected data of {@code block}; -1 if they are equal or the data is not known. Borrows
     * {@code bytes}.
     */
    int difference(int block, ByteBuf bytes) {
        if (!isKnown(block)) {
            return -1;
        }
        long word = word(block, versions[block]);
        for (int at = 0; at + Long.BYTES <= bytes.readableBytes(); at += Long.BYTES) {
            if (bytes.getLong(bytes.readerIndex() + at) != word) {
                return at;
            }
            word += GOLDEN;
        }
        return -1;
    }

    private long word(int block, int version) {
        long mixed = seed + GOLDEN * (firstBlock + block) + MIX_1 * version;
        mixed = (mixed ^ (mixed >>> SHIFT_1)) * MIX_1;
        mixed = (mixed ^ (mixed >>> SHIFT_2)) * MIX_2;
        return mixed ^ (mixed >>> SHIFT_3);
    }
}
