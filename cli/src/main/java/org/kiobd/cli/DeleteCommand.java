package org.kiobd.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd delete}: removes a volume and its data. */
@Command(name = "delete", description = "Remove a volume and its members, data included.", sortOptions = false)
final class DeleteCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Option(names = "--with-snapshots", description = "remove its snapshots, too")
    private boolean withSnapshots;

    @Option(names = "--yes", description = "do not ask")
    private boolean yes;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        if (!catalog.exists(name) && catalog.unfinished(name) != null) {
            finish(catalog);
            return ExitCode.OK;
        }
        try (VolumeLock lock = catalog.lock(name)) {
            MemberStores stores = MemberStores.load();
            Snapshots snapshots = new Snapshots(catalog, stores);
            snapshots.tidy(name);
            VolumeManifest manifest = catalog.load(name);
            List<String> snapshotNames = catalog.snapshots(name);
            if (!withSnapshots && !snapshotNames.isEmpty()) {
                throw new CommandFailure(
                        ExitCode.FAILED,
                        "volume=" + name + " has snapshots (" + String.join(", ", snapshotNames)
                                + ") and was not deleted; say --with-snapshots, or kiobd snapshot delete them first");
            }
            // A member that another server has open stops us before the first one is gone.
            for (MemberUri uri : manifest.members()) {
                stores.forUri(uri).requireUnused(uri);
            }
            confirm(manifest);
            try (SnapshotLocks locks = SnapshotLocks.take(catalog, name)) {
                for (String snapshot : snapshotNames) {
                    snapshots.delete(snapshot);
                }
            }
            snapshots.delete(name);
            common.answer("deleted " + name, Map.of("deleted", name));
        }
        return ExitCode.OK;
    }

    /** Asks nobody: the volume was never whole, or the user has agreed to its deletion already. */
    private void finish(VolumeCatalog catalog) throws BlockIoException {
        try (VolumeLock lock = catalog.lockUnfinished(name)) {
            new Snapshots(catalog, MemberStores.load()).finishDeletion(name);
            common.answer("deleted " + name + ", which was unfinished", Map.of("deleted", name));
        }
    }

    private void confirm(VolumeManifest manifest) {
        if (yes) {
            return;
        }
        if (!Terminal.isInput()) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "volume=" + name
                            + " was not deleted: there is no terminal to ask on; say --yes to delete its data");
        }
        String answer =
                Terminal.ask("Delete volume " + name + " with all its data (" + Sizes.format(manifest.sizeBytes())
                        + " over " + manifest.members().size() + " members)? [y/N] ");
        if (!answer.trim().equalsIgnoreCase("y")) {
            throw new CommandFailure(ExitCode.FAILED, "volume=" + name + " was not deleted");
        }
    }
}
