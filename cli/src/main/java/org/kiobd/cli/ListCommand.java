package org.kiobd.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.manage.VolumeEntry;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kiobd list}: lists the volumes of the home, one per line. */
@Command(name = "list", description = "List volumes.", sortOptions = false)
final class ListCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() throws BlockIoException {
        List<VolumeEntry> entries = common.volumes().list();
        common.answer(
                entries.isEmpty()
                        ? "no volumes in " + common.home() + "; kiobd create NAME --size SIZE makes one"
                        : Answers.table(
                                List.of("NAME", "SIZE", "USED", "MEMBERS", "CHUNK", "STATE"),
                                entries.stream().map(ListCommand::row).toList()),
                Map.of("volumes", entries.stream().map(Answers::json).toList()));
        return ExitCode.OK;
    }

    private static List<String> row(VolumeEntry entry) {
        VolumeManifest manifest = entry.manifest();
        if (manifest == null) {
            return List.of(entry.name(), "-", "-", "-", "-", entry.health().line());
        }
        return List.of(
                entry.name(),
                Sizes.format(manifest.sizeBytes()),
                Sizes.formatOrUnknown(entry.usedBytes()),
                String.valueOf(manifest.members().size()),
                Sizes.format(manifest.chunkBytes()),
                entry.health().line());
    }
}
