package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * A copy of the blocks of a member by hard links of its data files. Neither side changes a file that has two links, so each may go on by
 * itself. The part of the map that is not in the database is copied with the log. The database is the caller's to copy, between
 * {@link #begin} and {@link #close}. Used by one thread at a time; calls block.
 */
public final class DataCopy implements AutoCloseable {
    private static final int PIECE_BYTES = 1 << 16;

    private final DataOpening.Parts parts;
    private final Keeper keeper;
    private final Path to;
    private final LongConsumer copyMark;
    private long @Nullable [] lengthsBytes;
    private long sequence;
    private int files;
    private boolean isHeld;

    private DataCopy(DataOpening.Parts parts, Keeper keeper, Path to, LongConsumer copyMark) {
        this.parts = parts;
        this.keeper = keeper;
        this.to = to;
        this.copyMark = copyMark;
    }

    /** Puts the map into the database, so that {@link #complete} has little to copy. */
    static DataCopy begin(DataOpening.Parts parts, Keeper keeper, Path to, LongConsumer copyMark) throws IOException {
        keeper.checkpointNow();
        return new DataCopy(parts, keeper, to, copyMark);
    }

    /** Puts the rest of the map into the database, and keeps it as it is until {@link #close}; writes still go on. */
    public void approach() throws IOException {
        if (!isHeld) {
            keeper.copyBegins();
            isHeld = true;
        }
    }

    /** Fixes the point in time of the copy; writes wait meanwhile. */
    public void fix() throws IOException {
        approach();
        MapLog log = parts.log();
        if (log == null) {
            files = parts.places().files();
            sequence = parts.setup().synced();
            lengthsBytes = new long[] {length(0), length(1)};
            return;
        }
        parts.map().whileUnchanged(() -> {
            log.write(log.lastSequence());
            sequence = log.writtenSequence();
            lengthsBytes = log.lengthsBytes();
            files = parts.places().files();
            keeper.share();
        });
    }

    private long length(int file) throws IOException {
        Path path = MapLogFile.path(parts.setup().folder(), file);
        return Files.exists(path) ? Files.size(path) : 0;
    }

    /** Completes the copy and makes it durable. */
    public void complete() throws IOException {
        if (parts.log() != null && !keeper.syncWhole()) {
            throw new BlockIoException(IoError.IO, keeper.folder() + " could not be synced");
        }
        for (int file = 0; file < files; file++) {
            Path source = parts.files().path(file);
            if (Files.exists(source)) {
                Files.createLink(DataFiles.path(to, file), source);
            }
        }
        long[] lengths = Objects.requireNonNull(lengthsBytes);
        for (int file = 0; file < MapLogFile.FILES; file++) {
            if (lengths[file] > 0) {
                copy(MapLogFile.path(parts.setup().folder(), file), MapLogFile.path(to, file), lengths[file]);
            }
        }
        try (FileChannel folder = FileChannel.open(to, StandardOpenOption.READ)) {
            folder.force(true);
        }
        copyMark.accept(sequence);
    }

    private static void copy(Path from, Path target, long lengthBytes) throws IOException {
        try (InputStream in = Files.newInputStream(from);
                OutputStream out = Files.newOutputStream(target, StandardOpenOption.CREATE_NEW)) {
            byte[] piece = new byte[PIECE_BYTES];
            long leftBytes = lengthBytes;
            while (leftBytes > 0) {
                int bytes = in.read(piece, 0, (int) Math.min(piece.length, leftBytes));
                if (bytes < 0) {
                    throw new IOException(from + " ends " + leftBytes + " bytes too early");
                }
                out.write(piece, 0, bytes);
                leftBytes -= bytes;
            }
        }
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.READ)) {
            file.force(true);
        }
    }

    /** Releases the member. Does not delete the copy. */
    @Override
    public void close() {
        if (isHeld) {
            isHeld = false;
            keeper.copyEnds();
        }
    }
}
