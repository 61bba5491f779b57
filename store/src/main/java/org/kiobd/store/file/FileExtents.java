package org.kiobd.store.file;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberOp;
import org.kiobd.store.ThreadedPort;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;
import org.kiobd.volume.ReadPiece;

/**
 * Tells data from holes in an open file, and answers READs that need no read. Belongs to its {@link OpenFile}, shared by the ports of all
 * loops. Any thread.
 */
final class FileExtents {
    private static final int BLOCK_BYTES = 4096;

    /** Shortest hole that is reported: a hole costs about forty bytes of reply and an entry of its own in a gathered write. */
    private static final long SHORTEST_HOLE_BYTES = 4096;

    private static final int MAX_EXTENTS_A_READ = 16;
    private static final int LOOKS_A_STAT = 4096;

    private final int fd;
    private final long dataOffsetBytes;
    private final FileEnd end;
    private final boolean isRegular;
    private final boolean isCached;
    private int holeLooks;
    private volatile boolean isFull;

    /**
     * Borrows the descriptor.
     *
     * @param dataOffsetBytes start of the data area in the file
     * @param isRegular true for a regular file, which may have holes; false for a block device
     * @param isCached whether the data goes through the page cache, so that a reply may be sent from there
     */
    FileExtents(int fd, long dataOffsetBytes, FileEnd end, boolean isRegular, boolean isCached) {
        this.fd = fd;
        this.dataOffsetBytes = dataOffsetBytes;
        this.end = end;
        this.isRegular = isRegular;
        this.isCached = isCached;
    }

    /** Notes that the file may have a new hole. */
    void punched() {
        isFull = false;
    }

    /**
     * Returns the data and holes that the file system reports for {@code range} of the data area. lseek(2) moves the file position of the
     * descriptor, which nothing else uses: every transfer gives its own position. The range past the end of the file is reported as data,
     * not as a hole, so that a read of it detects the loss.
     */
    List<Extent> of(ByteRange range, int maxExtents) throws BlockIoException {
        ExtentList extents = new ExtentList(maxExtents);
        long at = dataOffsetBytes + range.offsetBytes();
        long rangeEnd = at + range.lengthBytes();
        long known = Math.min(rangeEnd, end.lostFromBytes());
        boolean goesOn = true;
        while (goesOn && at < known) {
            long data = seek(at, Libc.SEEK_DATA, known);
            if (data > at) {
                goesOn = extents.add(data - at, Extent.Kind.HOLE);
                at = data;
            }
            if (goesOn && at < known) {
                long hole = seek(at, Libc.SEEK_HOLE, known);
                if (hole == at) {
                    // The data was punched between the two calls. Report one block as data, so that the loop always
                    // makes progress.
                    hole = Math.min(known, (at / BLOCK_BYTES + 1) * BLOCK_BYTES);
                }
                goesOn = extents.add(hole - at, Extent.Kind.DATA);
                at = hole;
            }
        }
        if (goesOn && at < rangeEnd) {
            extents.add(rangeEnd - at, Extent.Kind.DATA);
        }
        return extents.finish();
    }

    /**
     * Returns the holes in the range of {@code op}, a READ, that are long enough for a reply of their own. Costs two lseek(2) calls if
     * there is no hole, and none in a file that is known to be fully allocated. Sees all acknowledged writes. May be called on a loop,
     * because the READ needs the same file system metadata next.
     */
    private List<ThreadedPort.Hole> holes(MemberOp op) {
        if (op.lengthBytes() < SHORTEST_HOLE_BYTES || !mayHaveHoles()) {
            return List.of();
        }
        List<Extent> extents;
        try {
            extents = of(new ByteRange(op.offsetBytes(), op.lengthBytes()), MAX_EXTENTS_A_READ);
        } catch (BlockIoException e) {
            // The READ itself will report the error.
            return List.of();
        }
        List<ThreadedPort.Hole> holes = new ArrayList<>();
        long at = 0;
        for (Extent extent : extents) {
            if (extent.kind() == Extent.Kind.HOLE && extent.lengthBytes() >= SHORTEST_HOLE_BYTES) {
                holes.add(new ThreadedPort.Hole(at, extent.lengthBytes()));
            }
            at += extent.lengthBytes();
        }
        return holes;
    }

    /**
     * Answers a READ without a read if possible: as a hole, if its whole range is one hole, or as a file extent, if its whole range is in
     * the page cache. Otherwise only reports the holes in its range.
     *
     * @return whether the READ is answered completely; if not, the caller reads the whole range
     */
    boolean answers(MemberOp op) {
        List<ThreadedPort.Hole> holes = op.accepts(ReadPiece.ACCEPT_HOLE) ? holes(op) : List.of();
        // Without an iterator: this runs for every READ, and usually there are no holes.
        for (int i = 0; i < holes.size(); i++) {
            op.place(holes.get(i).atBytes(), new ReadPiece.Hole(holes.get(i).lengthBytes()));
        }
        if (isAll(op, holes)) {
            return true;
        }
        long offsetBytes = dataOffsetBytes + op.offsetBytes();
        if (!holes.isEmpty()
                || !isCached
                || !op.accepts(ReadPiece.ACCEPT_FILE_EXTENT)
                || !CachedPages.hold(fd, offsetBytes, op.lengthBytes())) {
            return false;
        }
        op.place(0, new ReadPiece.FileExtent(fd, offsetBytes, op.lengthBytes()));
        return true;
    }

    /** Returns whether one hole covers the whole range of {@code op}. */
    private static boolean isAll(MemberOp op, List<ThreadedPort.Hole> holes) {
        return holes.size() == 1 && holes.get(0).lengthBytes() == op.lengthBytes();
    }

    /**
     * Returns whether the file may have holes, with a check of the file every {@link #LOOKS_A_STAT} calls: a fully allocated data area has
     * none. The metadata before the data area counts as a hole, which most of it is. A wrong answer only sends zeros over the wire.
     */
    private boolean mayHaveHoles() {
        // Not atomic across loops: a lost increment only delays the next check.
        if (holeLooks++ % LOOKS_A_STAT == 0) {
            long fileBytes = Libc.lseek(fd, 0, Libc.SEEK_END);
            isFull = !isRegular || OpenFile.allocatedBytes(fd, "", Libc.AT_EMPTY_PATH) >= fileBytes - dataOffsetBytes;
        }
        return !isFull;
    }

    /**
     * Returns the start of the next data or hole at or after {@code at}, but at most {@code most}. If the file system cannot tell,
     * everything is data.
     */
    private long seek(long at, int whence, long most) throws BlockIoException {
        long found = Libc.lseek(fd, at, whence);
        int errno = found < 0 ? Libc.errno() : 0;
        if (found >= 0) {
            return Math.min(found, most);
        }
        if (errno == Errno.ENXIO) {
            // No data after this position: a hole up to the end of the file, which may be before this position.
            return whence == Libc.SEEK_DATA ? Math.max(at, Math.min(most, Libc.lseek(fd, 0, Libc.SEEK_END))) : most;
        }
        if (errno == Errno.EINVAL || errno == Errno.EOPNOTSUPP) {
            return whence == Libc.SEEK_DATA ? at : most;
        }
        throw new BlockIoException(Errno.toIoError(errno), "cannot tell data from holes: " + Errno.describe(errno));
    }
}
