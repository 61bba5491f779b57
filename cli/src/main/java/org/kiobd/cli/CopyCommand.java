package org.kiobd.cli;

import java.util.concurrent.Callable;
import org.kiobd.raid.Raid0Device;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.catalog.VolumeLock;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.MemberStores;
import org.kiobd.volume.store.MemberUri;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd copy}: a volume in another shape. */
@Command(
        name = "copy",
        description = "Make a new volume, of whatever members and chunk, that holds what one that is not served holds.",
        sortOptions = false)
final class CopyCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private VolumeShape shape;

    @Parameters(index = "0", paramLabel = "NAME")
    private String name;

    @Parameters(index = "1", paramLabel = "NEW")
    private String newName;

    @Option(names = "--verify", description = "read both again and compare")
    private boolean verify;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        try (ImageCommands images = new ImageCommands(common, "copied");
                VolumeLock lock = catalog.lock(name);
                Raid0Device volume = common.assembler().open(catalog.load(name), true)) {
            VolumeManifest made = shape.create(catalog, common.assembler(), newName, volume.sizeBytes());
            boolean whole = false;
            try (VolumeLock newLock = catalog.lock(newName)) {
                try (Raid0Device target = common.assembler().open(made, false)) {
                    images.copy(volume, target, true, verify);
                    whole = true;
                } finally {
                    if (!whole) {
                        remove(catalog, made);
                    }
                }
            }
        }
        return ExitCode.OK;
    }

    private static void remove(VolumeCatalog catalog, VolumeManifest made) throws BlockIoException {
        MemberStores stores = MemberStores.load();
        for (MemberUri uri : made.members()) {
            stores.forUri(uri).delete(uri);
        }
        catalog.delete(made.name());
    }
}
