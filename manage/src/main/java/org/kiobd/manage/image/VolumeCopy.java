package org.kiobd.manage.image;

import java.io.OutputStream;
import org.kiobd.manage.Progress;
import org.kiobd.raid.Volume;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;

/** Copies whole volumes that are not served, on an event loop of its own. Used by one thread, which closes it after the volumes. */
public final class VolumeCopy implements AutoCloseable {
    private final String verb;
    private final Progress progress;
    private final IoLoops loops = new IoLoops(IoEngine.best(), 1);

    /**
     * The result of a copy.
     *
     * @param sizeBytes size of the source
     * @param dataBytes amount of data in it; the rest reads as zeros
     * @param verified whether both volumes were read again and were equal
     */
    public record Copied(long sizeBytes, long dataBytes, boolean verified) {}

    /** @param verb name of the progress stage: imported, exported, copied */
    public VolumeCopy(String verb, Progress progress) {
        this.verb = verb;
        this.progress = progress;
    }

    /**
     * Copies all of {@code from}.
     *
     * @param toIsEmpty whether {@code to} reads as zeros now
     * @param verify whether to read both volumes again and compare them
     */
    public Copied copy(Volume from, Volume to, boolean toIsEmpty, boolean verify) throws BlockIoException {
        DeviceAccess source = access(from);
        DeviceAccess target = access(to);
        long sizeBytes = from.sizeBytes();
        long dataBytes;
        try (Progress.Stage stage = progress.begin(verb, sizeBytes)) {
            dataBytes = new DeviceCopy(source, stage).copyTo(target, toIsEmpty);
        }
        if (verify) {
            try (Progress.Stage stage = progress.begin("verified", sizeBytes)) {
                long at = new DeviceCopy(source, stage).firstDifference(target);
                if (at >= 0) {
                    throw new BlockIoException(
                            IoError.IO, "the copy differs from what was copied at offset=" + at + "; do not use it");
                }
            }
        }
        return new Copied(sizeBytes, dataBytes, verify);
    }

    /** Writes all of {@code from} to a stream. */
    public void copy(Volume from, OutputStream out) throws BlockIoException {
        try (Progress.Stage stage = progress.begin(verb, from.sizeBytes())) {
            new DeviceCopy(access(from), stage).copyTo(out);
        }
    }

    private DeviceAccess access(Volume volume) {
        return new DeviceAccess(volume, loops.next());
    }

    @Override
    public void close() {
        loops.close();
    }
}
