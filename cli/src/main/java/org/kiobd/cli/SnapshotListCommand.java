package org.kiobd.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.VolumeEntry;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot list}: lists the snapshots of one volume or of all. */
@Command(
        name = "list",
        description = {
            "List the snapshots of a volume, or of all.",
            "USED is the space that a snapshot references, HELD the space that deleting only this snapshot frees."
        },
        sortOptions = false)
final class SnapshotListCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME", arity = "0..1")
    private @Nullable String volume;

    @Override
    public Integer call() throws BlockIoException {
        List<VolumeEntry> entries = common.volumes().listSnapshots(volume);
        common.answer(
                entries.isEmpty()
                        ? "no snapshots; kiobd snapshot create VOLUME@NAME makes one"
                        : Answers.table(
                                List.of("NAME", "CREATED", "SIZE", "USED", "HELD", "STATE"),
                                entries.stream().map(SnapshotListCommand::row).toList()),
                Map.of(
                        "snapshots",
                        entries.stream().map(SnapshotListCommand::json).toList()));
        return ExitCode.OK;
    }

    private static List<String> row(VolumeEntry entry) {
        VolumeManifest manifest = entry.manifest();
        if (manifest == null) {
            return List.of(entry.name(), "-", "-", "-", "-", entry.health().line());
        }
        return List.of(
                entry.name(),
                manifest.createdAt() == null ? "-" : manifest.createdAt().toString(),
                Sizes.format(manifest.sizeBytes()),
                Sizes.formatOrUnknown(entry.usedBytes()),
                Sizes.formatOrUnknown(entry.heldBytes()),
                entry.health().line());
    }

    private static Map<String, Object> json(VolumeEntry entry) {
        Map<String, Object> json = Answers.json(entry);
        if (entry.manifest() != null) {
            json.put("heldBytes", entry.heldBytes());
        }
        return json;
    }
}
