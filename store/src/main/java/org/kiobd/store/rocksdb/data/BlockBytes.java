package org.kiobd.store.rocksdb.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** Questions about the bytes of a block, from the position of a buffer to its limit. The buffer is borrowed and stays as it is. Stateless. */
public final class BlockBytes {
    private BlockBytes() {}

    /** Returns whether all bytes are 0. Data rarely begins with zeros, so this check usually ends at the first word. */
    public static boolean isZero(ByteBuffer block) {
        ByteBuffer words = block.duplicate().order(ByteOrder.nativeOrder());
        while (words.remaining() >= Long.BYTES) {
            if (words.getLong() != 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns the CRC-32C. */
    static int checksum(ByteBuffer block) {
        CRC32C checksum = new CRC32C();
        int at = block.position();
        checksum.update(block);
        block.position(at);
        return (int) checksum.getValue();
    }
}
