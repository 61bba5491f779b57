package org.kiobd.cli;

import java.util.concurrent.Callable;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.store.MemberStores;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd rename}: gives a volume another name. */
@Command(name = "rename", description = "Give a volume that is not served another name.", sortOptions = false)
final class RenameCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "OLD")
    private String oldName;

    @Parameters(index = "1", paramLabel = "NEW")
    private String newName;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        SnapshotName.refuse(oldName);
        SnapshotName.refuse(newName);
        try (VolumeLock lock = catalog.lock(oldName);
                SnapshotLocks snapshots = SnapshotLocks.take(catalog, oldName)) {
            new Snapshots(catalog, MemberStores.load()).tidy(oldName);
            makeRoom(catalog);
            // Everything is looked at before anything is moved.
            common.assembler().open(catalog.load(oldName), true).close();
            catalog.rename(oldName, newName);
            // Moved with its folder, a member may have a new place: the catalog knows it under the new name.
            VolumeManifest renamed = common.assembler().rename(catalog.load(newName), newName);
            catalog.save(renamed);
            common.answer("renamed " + oldName + " to " + newName, Answers.json(renamed));
        }
        return ExitCode.OK;
    }

    /** What an interrupted change left under the new name is no volume. */
    private void makeRoom(VolumeCatalog catalog) throws BlockIoException {
        if (!catalog.exists(newName)) {
            try (VolumeLock lock = new Changes(catalog, MemberStores.load()).reserve(newName)) {
                catalog.abandon(newName);
            }
        }
    }
}
