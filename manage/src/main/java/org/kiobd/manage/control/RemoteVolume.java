package org.kiobd.manage.control;

import java.util.Map;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.figures.FiguresCodec;
import org.kiobd.manage.figures.VolumeFigures;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * A volume that another process serves. Each call asks that process, and blocks until it answers or a time limit is over. Stateless; any
 * thread.
 */
public final class RemoteVolume implements VolumeControl {
    /** Long enough for a busy server, short enough if a server hangs. */
    private static final int FIGURES_TIMEOUT_MS = 5_000;

    /** A server extends every member and syncs it before it answers. */
    private static final int GROW_TIMEOUT_MS = 60_000;

    /** The server's members write their data in memory to disk before the snapshot. */
    private static final int SNAPSHOT_TIMEOUT_MS = 120_000;

    private final String volume;
    private final ServerState server;

    public RemoteVolume(String volume, ServerState server) {
        this.volume = volume;
        this.server = server;
    }

    @Override
    public VolumeFigures figures() throws BlockIoException {
        return FiguresCodec.decode(ask(FIGURES_TIMEOUT_MS, ControlQuestions.INFO));
    }

    @Override
    public long grow(long newSizeBytes) throws BlockIoException {
        return number(ask(GROW_TIMEOUT_MS, ControlQuestions.resize(newSizeBytes)), ControlQuestions.SIZE);
    }

    @Override
    public long snapshot(String name) throws BlockIoException {
        return number(ask(SNAPSHOT_TIMEOUT_MS, ControlQuestions.snapshot(name)), ControlQuestions.HELD);
    }

    private Map<String, Object> ask(int timeoutMs, Map<String, ?> question) throws BlockIoException {
        return new ControlClient(volume, server, timeoutMs).ask(question);
    }

    private long number(Map<String, Object> answer, String name) throws BlockIoException {
        if (answer.get(name) instanceof Number number) {
            return number.longValue();
        }
        throw new BlockIoException(
                IoError.IO, "volume=" + volume + ": its server answers " + name + "=" + answer.get(name));
    }
}
