package org.kiobd.store.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Finds the blocks that a file shares with other files, by struct fiemap of linux/fiemap.h. Stateless. */
final class SharedBlocks {
    private static final int EXTENTS = 512;
    private static final int HEAD_BYTES = 32;
    private static final int EXTENT_BYTES = 56;
    private static final int LENGTH_OFFSET = 8;
    private static final int FLAGS_OFFSET = 16;
    private static final int MAPPED_OFFSET = 20;
    private static final int COUNT_OFFSET = 24;
    private static final int EXTENT_FLAGS_OFFSET = 40;
    private static final int FIEMAP_FLAG_SYNC = 1;
    private static final int FIEMAP_EXTENT_LAST = 1;
    private static final int FIEMAP_EXTENT_SHARED = 0x2000;

    private SharedBlocks() {}

    /** Returns the bytes of the file that it shares with no other file; -1 if its file system cannot tell. */
    static long exclusiveBytes(int fd) {
        ByteBuffer map =
                ByteBuffer.allocateDirect(HEAD_BYTES + EXTENTS * EXTENT_BYTES).order(ByteOrder.nativeOrder());
        long exclusiveBytes = 0;
        long at = 0;
        while (true) {
            map.putLong(0, at).putLong(LENGTH_OFFSET, -1 - at);
            map.putInt(FLAGS_OFFSET, FIEMAP_FLAG_SYNC).putInt(COUNT_OFFSET, EXTENTS);
            if (Libc.ioctl(fd, Libc.FS_IOC_FIEMAP, FileMemberStoreProvider.addressOf(map)) != 0) {
                return -1;
            }
            int mapped = map.getInt(MAPPED_OFFSET);
            boolean last = mapped == 0;
            for (int i = 0; i < mapped; i++) {
                int extent = HEAD_BYTES + i * EXTENT_BYTES;
                long lengthBytes = map.getLong(extent + 2 * Long.BYTES);
                int flags = map.getInt(extent + EXTENT_FLAGS_OFFSET);
                exclusiveBytes += (flags & FIEMAP_EXTENT_SHARED) == 0 ? lengthBytes : 0;
                at = map.getLong(extent) + lengthBytes;
                last |= (flags & FIEMAP_EXTENT_LAST) != 0;
            }
            if (last) {
                return exclusiveBytes;
            }
        }
    }
}
