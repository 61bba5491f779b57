package org.kiobd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.catalog.ServerState;
import org.kiobd.volume.catalog.Unfinished;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.MemberStores;
import org.kiobd.volume.store.MemberUri;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kiobd list}: every volume of the home, a line each. */
@Command(name = "list", description = "List volumes.", sortOptions = false)
final class ListCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        MemberStores stores = MemberStores.load();
        List<List<String>> rows = new ArrayList<>();
        List<Map<String, Object>> json = new ArrayList<>();
        for (String name : catalog.names()) {
            try {
                VolumeManifest manifest = catalog.load(name);
                long usedBytes = usedBytes(stores, manifest);
                ServerState server = catalog.server(name);
                Unfinished unfinished = catalog.unfinished(name);
                String state = unfinished != null ? state(unfinished) : state(manifest, server, usedBytes);
                rows.add(List.of(
                        name,
                        Sizes.format(manifest.sizeBytes()),
                        usedBytes < 0 ? "-" : Sizes.format(usedBytes),
                        String.valueOf(manifest.members().size()),
                        Sizes.format(manifest.chunkBytes()),
                        state));
                Map<String, Object> entry = Answers.json(manifest);
                entry.put("usedBytes", usedBytes);
                entry.put("state", unfinished != null ? "unfinished" : state);
                if (unfinished != null) {
                    entry.put("reason", unfinished.reason());
                }
                json.add(entry);
            } catch (BlockIoException e) {
                rows.add(List.of(name, "-", "-", "-", "-", "damaged; see kiobd check " + name));
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("volume", name);
                entry.put("state", "damaged");
                entry.put("reason", e.getMessage());
                json.add(entry);
            }
        }
        for (String name : catalog.unfinishedNames()) {
            Unfinished unfinished = catalog.unfinished(name);
            if (unfinished != null) {
                rows.add(List.of(name, "-", "-", "-", "-", state(unfinished)));
                json.add(json(unfinished));
            }
        }
        common.answer(
                rows.isEmpty()
                        ? "no volumes in " + common.home() + "; kiobd create NAME --size SIZE makes one"
                        : Answers.table(List.of("NAME", "SIZE", "USED", "MEMBERS", "CHUNK", "STATE"), rows),
                Map.of("volumes", json));
        return ExitCode.OK;
    }

    private static String state(
            VolumeManifest manifest, @org.jspecify.annotations.Nullable ServerState server, long usedBytes) {
        if (server != null) {
            return "served by pid " + server.pid();
        }
        return usedBytes < 0 ? "damaged; see kiobd check " + manifest.name() : "idle";
    }

    static String state(Unfinished unfinished) {
        return "unfinished: " + unfinished.reason();
    }

    static Map<String, Object> json(Unfinished unfinished) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("volume", unfinished.name());
        entry.put("state", "unfinished");
        entry.put("reason", unfinished.reason());
        return entry;
    }

    /** What the members occupy together; -1 if one of them cannot be looked at. */
    static long usedBytes(MemberStores stores, VolumeManifest manifest) {
        long sum = 0;
        for (MemberUri uri : manifest.members()) {
            try {
                long bytes = stores.forUri(uri).allocatedBytes(uri);
                if (bytes < 0) {
                    return -1;
                }
                sum += bytes;
            } catch (BlockIoException e) {
                return -1;
            }
        }
        return sum;
    }
}
