package org.kiobd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.Health;
import org.kiobd.manage.MemberSpace;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.manage.control.RemoteVolume;
import org.kiobd.manage.figures.FiguresCodec;
import org.kiobd.manage.figures.VolumeFigures;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd info}: shows one volume in full, with live figures while it is served. */
@Command(
        name = "info",
        description = "Show one volume in full, with live figures while it is served.",
        sortOptions = false)
final class InfoCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        VolumeManifest manifest = catalog.load(name);
        ServerState server = catalog.server(name);
        VolumeFigures live = null;
        String silence = null;
        if (server != null) {
            try {
                live = new RemoteVolume(name, server).figures();
            } catch (BlockIoException e) {
                silence = e.getMessage();
            }
        }
        MemberStores stores = common.stores();
        Map<String, Object> json = Answers.json(manifest);
        json.put("usedBytes", MemberSpace.of(stores, manifest).usedBytes());
        List<String> snapshots = VolumeNames.isSnapshot(name) ? List.of() : catalog.snapshots(name);
        json.put("snapshots", snapshots);
        Answers.addState(json, Health.ofServer(server), server);
        if (live != null) {
            json.put("live", FiguresCodec.encode(live));
        }
        if (silence != null) {
            json.put("silence", silence);
        }
        common.answer(text(manifest, stores, server, live, silence) + text(snapshots), json);
        return ExitCode.OK;
    }

    private static String text(
            VolumeManifest manifest,
            MemberStores stores,
            @Nullable ServerState server,
            @Nullable VolumeFigures live,
            @Nullable String silence) {
        List<String> lines = new ArrayList<>();
        lines.add("name     " + manifest.name());
        lines.add("uuid     " + manifest.uuid());
        lines.add("size     " + Sizes.format(manifest.sizeBytes()) + " (" + manifest.sizeBytes() + " bytes)");
        lines.add("chunk    " + Sizes.format(manifest.chunkBytes()));
        lines.add("created  " + (manifest.createdAt() == null ? "-" : manifest.createdAt()));
        lines.add("state    " + Health.ofServer(server).line());
        if (live != null) {
            lines.addAll(FiguresText.lines(live));
        }
        if (silence != null) {
            lines.add("live     " + silence);
        }
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < manifest.members().size(); i++) {
            MemberUri uri = manifest.members().get(i);
            rows.add(List.of(String.valueOf(i), used(stores, uri), uri.toString()));
        }
        lines.add("");
        lines.add(Answers.table(List.of("MEMBER", "USED", "PLACE"), rows));
        return String.join("\n", lines);
    }

    private String text(List<String> snapshots) {
        return snapshots.isEmpty()
                ? ""
                : "\n\nsnapshots " + String.join(", ", snapshots) + "; kiobd snapshot list " + name + " tells more";
    }

    private static String used(MemberStores stores, MemberUri uri) {
        try {
            long bytes = stores.forUri(uri).allocatedBytes(uri);
            return bytes < 0 ? "missing" : Sizes.format(bytes);
        } catch (BlockIoException e) {
            return e.error().isDamage() ? "missing" : "cannot look: " + e.getMessage();
        }
    }
}
