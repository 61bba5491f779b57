package org.kiobd.cli;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.cli.control.ControlClient;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot create}. */
@Command(
        name = "create",
        description = {
            "Make a snapshot of a volume, which may be served: one moment over all members.",
            "It takes space only for what the volume overwrites or trims later."
        },
        sortOptions = false)
final class SnapshotCreateCommand implements Callable<Integer> {
    /** Before the moment, members write out what they have in memory. */
    private static final int TIMEOUT_MS = 120_000;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME@NAME")
    private String name;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        long heldMicros = create(catalog, common, SnapshotName.require(name));
        VolumeManifest made = catalog.load(name);
        Map<String, Object> json = Answers.json(made);
        json.put("heldMicros", heldMicros);
        common.answer(
                "created " + name + ": " + Sizes.format(made.sizeBytes())
                        + String.format(Locale.ROOT, "; requests waited %.1f ms for it", heldMicros / 1000.0),
                json);
        return ExitCode.OK;
    }

    /**
     * In the server that serves the volume, or here if nobody does.
     *
     * @return how long requests were held back, in microseconds
     */
    static long create(VolumeCatalog catalog, CommonOptions common, String name) throws BlockIoException {
        String volume = VolumeNames.volumeOf(name);
        catalog.folder(name);
        ServerState server = catalog.server(volume);
        if (server != null) {
            Object held = new ControlClient(volume, server, TIMEOUT_MS)
                    .ask(Map.of("command", "snapshot", "name", name))
                    .get("heldMicros");
            if (held instanceof Number micros) {
                return micros.longValue();
            }
            throw new BlockIoException(IoError.IO, "volume=" + volume + ": its server answers heldMicros=" + held);
        }
        try (VolumeLock lock = catalog.lock(volume)) {
            Snapshots snapshots = new Snapshots(catalog, MemberStores.load());
            snapshots.tidy(volume);
            catalog.requireFinished(volume);
            try (Volume device = common.assembler().open(catalog.load(volume), false)) {
                return snapshots.create(device, name);
            }
        }
    }
}
