package org.kiobd.manage.control;

import org.kiobd.manage.figures.VolumeFigures;
import org.kiobd.volume.BlockIoException;

/**
 * A served volume, as other processes may ask about it and change it: {@link ControlServer} answers with it, and {@link RemoteVolume} is the
 * same volume in the process that asks. A server calls one method at a time, on a thread that may block.
 */
public interface VolumeControl {
    /** Returns the figures of the volume now. */
    VolumeFigures figures() throws BlockIoException;

    /** Makes the volume larger; returns its size afterwards. */
    long grow(long newSizeBytes) throws BlockIoException;

    /**
     * Makes a snapshot.
     *
     * @param name name of the snapshot, {@code VOLUME@NAME}
     * @return how long requests were held back for it, in microseconds
     */
    long snapshot(String name) throws BlockIoException;
}
