package org.kiobd.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.kiobd.cli.image.DeviceAccess;
import org.kiobd.cli.image.DeviceCopy;
import org.kiobd.raid.Volume;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;

/**
 * What {@code import}, {@code export} and {@code copy} have in common, and the loop their devices work on: closed after them. Used by one
 * thread.
 */
final class ImageCommands implements AutoCloseable {
    private final CommonOptions common;
    private final String verb;
    private final IoLoops loops = new IoLoops(IoEngine.best(), 1);
    private long sizeBytes;
    private long dataBytes;
    private boolean verified;

    /** @param verb for the answer: imported, exported, copied */
    ImageCommands(CommonOptions common, String verb) {
        this.common = common;
        this.verb = verb;
    }

    /** A way to {@code device}. */
    DeviceAccess access(Volume device) {
        return new DeviceAccess(device, loops.next());
    }

    /**
     * Copies all of {@code from}; reads both again if it is asked to.
     *
     * @param toIsEmpty whether {@code to} reads as zeros now
     */
    void copy(Volume from, Volume to, boolean toIsEmpty, boolean verify) throws BlockIoException {
        DeviceAccess source = access(from);
        DeviceAccess target = access(to);
        sizeBytes = from.sizeBytes();
        try (CopyProgress progress = new CopyProgress(verb, sizeBytes)) {
            dataBytes = new DeviceCopy(source, progress).copyTo(target, toIsEmpty);
        }
        if (verify) {
            try (CopyProgress progress = new CopyProgress("verified", sizeBytes)) {
                long at = new DeviceCopy(source, progress).firstDifference(target);
                if (at >= 0) {
                    throw new BlockIoException(
                            IoError.IO, "the copy differs from what was copied at offset=" + at + "; do not use it");
                }
            }
            verified = true;
        }
    }

    /** Says that what was last copied is whole and has its name. */
    void answer(String from, String to) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("from", from);
        json.put("to", to);
        json.put("sizeBytes", sizeBytes);
        json.put("dataBytes", dataBytes);
        json.put("verified", verified);
        common.answer(
                verb + " " + from + " to " + to + ": " + Sizes.format(sizeBytes) + ", " + Sizes.format(dataBytes)
                        + " of it data" + (verified ? ", read again and found the same" : ""),
                json);
    }

    @Override
    public void close() {
        loops.close();
    }
}
