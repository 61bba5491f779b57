package org.kiobd.cli;

import java.util.concurrent.Callable;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.store.MemberStores;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot rollback}. */
@Command(
        name = "rollback",
        description = {
            "Put a volume that is not served back to a snapshot; what was written since is gone.",
            "All snapshots stay."
        },
        sortOptions = false)
final class SnapshotRollbackCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME@NAME")
    private String name;

    @Option(names = "--yes", description = "do not ask")
    private boolean yes;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        String volume = VolumeNames.volumeOf(SnapshotName.require(name));
        try (VolumeLock lock = catalog.lock(volume);
                VolumeLock snapshotLock = catalog.lock(name)) {
            VolumeManifest snapshot = catalog.load(name);
            confirm(volume, snapshot);
            VolumeManifest then = new Snapshots(catalog, MemberStores.load()).rollback(name);
            common.answer(
                    "rolled back " + volume + " to " + name + ": " + Sizes.format(then.sizeBytes()),
                    Answers.json(then));
        }
        return ExitCode.OK;
    }

    private void confirm(String volume, VolumeManifest snapshot) {
        if (yes) {
            return;
        }
        if (!Terminal.isInput()) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "volume=" + volume
                            + " was not rolled back: there is no terminal to ask on; say --yes to lose what was"
                            + " written since");
        }
        String since =
                snapshot.createdAt() == null ? name : snapshot.createdAt().toString();
        String answer = Terminal.ask("Lose everything written to " + volume + " since " + since + "? [y/N] ");
        if (!answer.trim().equalsIgnoreCase("y")) {
            throw new CommandFailure(ExitCode.FAILED, "volume=" + volume + " was not rolled back");
        }
    }
}
