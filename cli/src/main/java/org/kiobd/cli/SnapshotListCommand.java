package org.kiobd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.catalog.ServerState;
import org.kiobd.volume.catalog.Unfinished;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.MemberStores;
import org.kiobd.volume.store.MemberUri;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot list}. */
@Command(
        name = "list",
        description = {
            "List the snapshots of a volume, or of all.",
            "USED is what a snapshot refers to, HELD what deleting it alone would free."
        },
        sortOptions = false)
final class SnapshotListCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME", arity = "0..1")
    private @Nullable String volume;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        List<String> names = new ArrayList<>();
        List<String> unfinished = new ArrayList<>();
        if (volume != null) {
            catalog.load(SnapshotName.refuse(volume));
        }
        for (String each : volume == null ? catalog.names() : List.of(volume)) {
            names.addAll(catalog.snapshots(each));
            unfinished.addAll(catalog.unfinishedSnapshots(each));
        }
        MemberStores stores = MemberStores.load();
        List<List<String>> rows = new ArrayList<>();
        List<Map<String, Object>> json = new ArrayList<>();
        for (String name : names) {
            VolumeManifest manifest = catalog.load(name);
            ServerState server = catalog.server(name);
            long usedBytes = ListCommand.usedBytes(stores, manifest);
            long heldBytes = heldBytes(stores, manifest);
            String created =
                    manifest.createdAt() == null ? "-" : manifest.createdAt().toString();
            rows.add(List.of(
                    name,
                    created,
                    Sizes.format(manifest.sizeBytes()),
                    orUnknown(usedBytes),
                    orUnknown(heldBytes),
                    server == null ? "idle" : "served by pid " + server.pid()));
            Map<String, Object> entry = Answers.json(manifest);
            entry.put("usedBytes", usedBytes);
            entry.put("heldBytes", heldBytes);
            entry.put("state", server == null ? "idle" : "served");
            json.add(entry);
        }
        for (String name : unfinished) {
            Unfinished one = catalog.unfinished(name);
            if (one != null) {
                rows.add(List.of(name, "-", "-", "-", "-", ListCommand.state(one)));
                json.add(ListCommand.json(one));
            }
        }
        common.answer(
                rows.isEmpty()
                        ? "no snapshots; kiobd snapshot create VOLUME@NAME makes one"
                        : Answers.table(List.of("NAME", "CREATED", "SIZE", "USED", "HELD", "STATE"), rows),
                Map.of("snapshots", json));
        return ExitCode.OK;
    }

    private static String orUnknown(long bytes) {
        return bytes < 0 ? "-" : Sizes.format(bytes);
    }

    private static long heldBytes(MemberStores stores, VolumeManifest manifest) throws BlockIoException {
        long sum = 0;
        for (MemberUri uri : manifest.members()) {
            long bytes = stores.forUri(uri).exclusiveBytes(uri);
            if (bytes < 0) {
                return -1;
            }
            sum += bytes;
        }
        return sum;
    }
}
