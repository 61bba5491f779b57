package org.kiobd.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.MemberPaths;
import org.kiobd.raid.ArraySpec;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Option;

/** The options that define a new volume, shared by {@code create}, {@code up} and {@code copy}. */
final class VolumeShape {
    static final int DEFAULT_MEMBERS = 4;

    @Option(names = "--members", paramLabel = "N", description = "number of members to create (default: 4)")
    @Nullable
    Integer members;

    @Option(
            names = "--member",
            paramLabel = "URI",
            description = "location of a member, e.g. file:/srv/a.img or rocksdb:/srv/a; repeatable; the order counts")
    List<String> memberUris = new ArrayList<>();

    @Option(
            names = "--chunk",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "chunk size, a multiple of 4K (default: 256K): consecutive bytes on one member")
    @Nullable
    Long chunkBytes;

    @Option(
            names = "--store",
            paramLabel = "file|rocksdb|memory",
            description = {
                "store of members created with --members (default: file);",
                "rocksdb?profile=fast|compact&compression=none|lz4|zstd&block=4K..64K&data=files|database sets its options"
            })
    @Nullable
    String store;

    /** Refuses options that exclude each other. */
    void requireSound() {
        if (members != null && !memberUris.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--members and --member exclude each other; name every member, or say how many");
        }
        if (store != null && !memberUris.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--store and --member exclude each other; the URI's scheme names the store");
        }
    }

    /**
     * Returns the specification of a volume that other processes are to use, like {@link #spec}. Refuses a store whose members end with
     * this process: the entry in the catalog would name members that nobody can serve.
     */
    ArraySpec lastingSpec(MemberStores stores, Path folder, String name, long sizeBytes) throws BlockIoException {
        ArraySpec spec = spec(folder, name, sizeBytes);
        for (MemberUri uri : spec.members()) {
            if (!stores.forUri(uri).outlivesProcess()) {
                throw new CommandFailure(
                        ExitCode.FAILED,
                        "volume=" + name + ": a " + uri.scheme()
                                + ": member ends with the process that made it, so nobody could serve the volume;"
                                + " nothing was made; kiobd up " + name + " --store " + uri.scheme()
                                + " makes it and serves it");
            }
        }
        return spec;
    }

    /** Returns the specification of a volume of this size, according to the options. */
    ArraySpec spec(Path folder, String name, long sizeBytes) throws BlockIoException {
        return new ArraySpec(
                name, sizeBytes, chunkBytes == null ? ArraySpec.DEFAULT_CHUNK_BYTES : chunkBytes, places(folder, name));
    }

    private List<MemberUri> places(Path folder, String name) throws BlockIoException {
        List<MemberUri> places = new ArrayList<>();
        for (String uri : memberUris) {
            places.add(MemberUri.read(uri, Path.of("")));
        }
        int count = memberUris.isEmpty() ? members == null ? DEFAULT_MEMBERS : members : 0;
        for (int i = 0; i < count; i++) {
            places.add(place(folder, name, i));
        }
        return places;
    }

    private String scheme() {
        // The scheme is case-insensitive, like a URI's.
        return store == null ? "file" : store.split("\\?", 2)[0].toLowerCase(Locale.ROOT);
    }

    private MemberUri place(Path folder, String name, int index) {
        MemberUri place = MemberPaths.standard(scheme(), folder, name, index);
        String options = store == null ? "" : store.substring(scheme().length());
        return new MemberUri(place.scheme(), place.location() + options);
    }

    /** Returns which option contradicts an existing volume; null if none does. */
    @Nullable
    String contradiction(VolumeManifest manifest) {
        if (chunkBytes != null && chunkBytes != manifest.chunkBytes()) {
            return "--chunk " + Sizes.format(chunkBytes) + ", it has chunk=" + Sizes.format(manifest.chunkBytes());
        }
        int asked = memberUris.isEmpty() ? members == null ? -1 : members : memberUris.size();
        if (asked >= 0 && asked != manifest.members().size()) {
            return asked + " members, it has members=" + manifest.members().size();
        }
        if (store != null && !scheme().equals(manifest.members().get(0).scheme())) {
            return "--store " + store + ", its members are "
                    + manifest.members().get(0).scheme() + ":";
        }
        return null;
    }
}
