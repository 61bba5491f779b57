package org.kiobd.store.rocksdb.data;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Where a group of {@value #BLOCKS} consecutive blocks is stored; one value in the database. Big-endian: u16 with bit i set if block i is
 * stored; then for each stored block, in order, its place, u40, and its CRC-32C, u32. A block that is not stored is all zeros. Guarded by
 * its {@link BlockMap}.
 */
final class BlockGroup {
    static final int BLOCKS = 16;
    private static final int SHIFT = 4;

    /** The place of a block that is not stored. */
    static final long NONE = -1;

    private static final int ENTRY_BYTES = 9;

    /** The largest encoded length. */
    static final int MOST_BYTES = Short.BYTES + BLOCKS * ENTRY_BYTES;

    private static final int LOW_BITS = 32;
    private static final long LOW_MASK = 0xFFFF_FFFFL;

    private final long[] places = new long[BLOCKS];
    private final int[] checksums = new int[BLOCKS];

    BlockGroup() {
        Arrays.fill(places, NONE);
    }

    BlockGroup(BlockGroup other) {
        System.arraycopy(other.places, 0, places, 0, BLOCKS);
        System.arraycopy(other.checksums, 0, checksums, 0, BLOCKS);
    }

    /** Returns the number of the group of a block. */
    static long of(long block) {
        return block >>> SHIFT;
    }

    /** Returns the first block of a group. */
    static long first(long group) {
        return group << SHIFT;
    }

    /** Returns the position of a block in its group. */
    static int index(long block) {
        return (int) (block & (BLOCKS - 1));
    }

    /** Returns the group that {@code value} encodes. */
    static BlockGroup decode(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        if (value.length < Short.BYTES) {
            throw new IllegalArgumentException("a group of blocks has " + value.length + " bytes");
        }
        BlockGroup group = new BlockGroup();
        int stored = in.getShort() & 0xFFFF;
        if (in.remaining() != Integer.bitCount(stored) * ENTRY_BYTES) {
            throw new IllegalArgumentException("a group of blocks has " + in.remaining() + " bytes for "
                    + Integer.bitCount(stored) + " stored blocks");
        }
        for (int i = 0; i < BLOCKS; i++) {
            if ((stored >> i & 1) != 0) {
                group.places[i] = ((long) (in.get() & 0xFF) << LOW_BITS) | (in.getInt() & LOW_MASK);
                group.checksums[i] = in.getInt();
            }
        }
        return group;
    }

    /** Returns the encoded group, owned by the caller; no bytes if no block is stored. */
    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(MOST_BYTES);
        encode(out);
        return isEmpty() ? new byte[0] : Arrays.copyOf(out.array(), out.position());
    }

    private void encode(ByteBuffer out) {
        int at = out.position();
        out.putShort((short) 0);
        int stored = 0;
        for (int i = 0; i < BLOCKS; i++) {
            if (places[i] != NONE) {
                stored |= 1 << i;
                out.put((byte) (places[i] >>> LOW_BITS)).putInt((int) places[i]).putInt(checksums[i]);
            }
        }
        out.putShort(at, (short) stored);
    }

    boolean isEmpty() {
        for (long place : places) {
            if (place != NONE) {
                return false;
            }
        }
        return true;
    }

    long place(int index) {
        return places[index];
    }

    int checksum(int index) {
        return checksums[index];
    }

    void set(int index, long place, int checksum) {
        places[index] = place;
        checksums[index] = checksum;
    }
}
