package org.kiobd.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.store.MemberStores;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot delete}. */
@Command(
        name = "delete",
        description = "Delete snapshots; the volume, its other snapshots and clones are as before.",
        sortOptions = false)
final class SnapshotDeleteCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME@NAME", arity = "1..*")
    private List<String> names;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        Snapshots snapshots = new Snapshots(catalog, MemberStores.load());
        names.forEach(SnapshotName::require);
        for (String name : names) {
            if (!catalog.exists(name) && catalog.unfinished(name) != null) {
                try (VolumeLock lock = catalog.lockUnfinished(name)) {
                    snapshots.finishDeletion(name);
                }
            } else {
                try (VolumeLock lock = catalog.lock(name)) {
                    snapshots.delete(name);
                }
            }
            common.answer("deleted " + name, Map.of("deleted", name));
        }
        return ExitCode.OK;
    }
}
