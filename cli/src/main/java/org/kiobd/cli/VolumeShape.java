package org.kiobd.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.ArraySpec;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.catalog.VolumeLock;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.MemberUri;
import picocli.CommandLine.Option;

/** The options that say what a new volume shall be, shared by {@code create} and {@code up}. */
final class VolumeShape {
    static final int DEFAULT_MEMBERS = 4;

    @Option(names = "--members", paramLabel = "N", description = "number of members to make (default: 4)")
    @Nullable
    Integer members;

    @Option(
            names = "--member",
            paramLabel = "URI",
            description = "a member's place, for one file:/srv/a.img; repeat it for each member")
    List<String> memberUris = new ArrayList<>();

    @Option(
            names = "--chunk",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "bytes on one member before the next follows, a multiple of 4K (default: 256K)")
    @Nullable
    Long chunkBytes;

    @Option(
            names = "--store",
            paramLabel = "file|memory",
            description = "store of members made with --members (default: file)")
    @Nullable
    String store;

    /** Makes the volume and its catalog entry, or neither. */
    VolumeManifest create(VolumeCatalog catalog, ArrayAssembler assembler, String name, long sizeBytes)
            throws BlockIoException {
        if (members != null && !memberUris.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--members and --member exclude each other; name every member, or say how many");
        }
        if (store != null && !memberUris.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--store and --member exclude each other; the URI's scheme names the store");
        }
        try (VolumeLock lock = catalog.reserve(name)) {
            boolean saved = false;
            try {
                ArraySpec spec = new ArraySpec(
                        name,
                        sizeBytes,
                        chunkBytes == null ? ArraySpec.DEFAULT_CHUNK_BYTES : chunkBytes,
                        places(catalog.folder(name), name));
                VolumeManifest manifest = assembler.create(spec);
                catalog.save(manifest);
                saved = true;
                return manifest;
            } finally {
                if (!saved) {
                    catalog.abandon(name);
                }
            }
        }
    }

    private List<MemberUri> places(Path folder, String name) {
        List<MemberUri> places = new ArrayList<>();
        for (String uri : memberUris) {
            MemberUri parsed = MemberUri.parse(uri);
            places.add(
                    "file".equals(parsed.scheme()) && !parsed.location().isEmpty()
                            ? MemberUri.file(Path.of(parsed.location()))
                            : parsed);
        }
        int count = memberUris.isEmpty() ? members == null ? DEFAULT_MEMBERS : members : 0;
        String scheme = store == null ? "file" : store;
        for (int i = 0; i < count; i++) {
            places.add(
                    "memory".equals(scheme)
                            ? new MemberUri(scheme, name + "-" + i)
                            : new MemberUri(
                                    scheme,
                                    folder.resolve("member-" + i + ".img").toString()));
        }
        return places;
    }

    /** Says which option contradicts a volume that exists; null if none does. */
    @Nullable
    String contradiction(VolumeManifest manifest) {
        if (chunkBytes != null && chunkBytes != manifest.chunkBytes()) {
            return "--chunk " + Sizes.format(chunkBytes) + ", it has chunk=" + Sizes.format(manifest.chunkBytes());
        }
        int asked = memberUris.isEmpty() ? members == null ? -1 : members : memberUris.size();
        if (asked >= 0 && asked != manifest.members().size()) {
            return asked + " members, it has members=" + manifest.members().size();
        }
        if (store != null && !store.equals(manifest.members().get(0).scheme())) {
            return "--store " + store + ", its members are "
                    + manifest.members().get(0).scheme() + ":";
        }
        return null;
    }
}
