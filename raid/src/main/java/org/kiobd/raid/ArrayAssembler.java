package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.IoError;
import org.kiobd.volume.queue.MergeLimits;

/**
 * Creates and opens arrays, and assembles them from their members. Refuses members that do not match exactly, with the reason, and never
 * guesses. Control threads only: it blocks.
 */
public final class ArrayAssembler {
    private static final UUID NIL_UUID = new UUID(0, 0);

    private final MemberStores stores;
    private final int maxInFlightPerMember;
    private final CacheMode cache;

    /** Makes an assembler whose devices have the default limits. */
    public ArrayAssembler(MemberStores stores) {
        this(stores, MergeLimits.DEFAULT);
    }

    public ArrayAssembler(MemberStores stores, MergeLimits limits) {
        this(stores, limits, CacheMode.WRITEBACK);
    }

    /** @param cache cache mode in which the members of the devices are opened */
    public ArrayAssembler(MemberStores stores, MergeLimits limits, CacheMode cache) {
        this.stores = stores;
        this.maxInFlightPerMember = limits.maxInFlightPerMember();
        this.cache = cache;
    }

    /**
     * Creates the members of a new volume and closes them again.
     *
     * @return the manifest to store in the catalog
     * @throws BlockIoException if the specification is invalid or a member cannot be created; the members created so far are removed
     */
    public VolumeManifest create(ArraySpec spec) throws BlockIoException {
        return settle(
                makeAside(spec, UUID.randomUUID()),
                spec.members().stream().map(MemberUri::withoutOptions).toList());
    }

    /**
     * Creates the members of a new volume at {@linkplain MemberUri#temporary temporary places} and closes them again. The volume can be
     * opened and filled there; {@link #settle} renames the members to the places in {@code spec}.
     *
     * @param changeId random id, which the members record as the change that made them
     * @return the volume with its members at the temporary places
     * @throws BlockIoException if the specification is invalid or a member cannot be created; the members created so far are removed
     */
    public VolumeManifest makeAside(ArraySpec spec, UUID changeId) throws BlockIoException {
        requireSound(spec);
        VolumeManifest manifest = new VolumeManifest(
                spec.name(),
                UUID.randomUUID(),
                spec.sizeBytes(),
                spec.chunkBytes(),
                Superblock.LAYOUT_EQUAL_MEMBERS,
                spec.members(),
                VolumeManifest.now());
        long memberBytes = memberBytes(manifest);
        List<MemberStore> made = new ArrayList<>();
        try {
            for (int i = 0; i < spec.members().size(); i++) {
                MemberStore store = makeAside(
                        spec.members().get(i), stores.aside(spec.members().get(i), changeId, i), memberBytes);
                made.add(store);
                requireBlockFits(spec, i, store);
                MemberSuperblocks.write(
                        store,
                        MemberSuperblocks.describe(
                                manifest, i, 1, Superblock.State.CLEAN, Superblock.History.madeBy(changeId)));
            }
            for (MemberStore store : made) {
                store.close();
            }
            // The options for creating a member have been applied; the manifest does not keep them.
            return manifest.withMembers(made.stream().map(MemberStore::uri).toList());
        } catch (BlockIoException e) {
            for (MemberStore store : made) {
                remove(store, e);
            }
            throw e;
        }
    }

    private MemberStore makeAside(MemberUri place, MemberUri aside, long memberBytes) throws BlockIoException {
        try {
            return stores.forUri(aside).create(aside, memberBytes);
        } catch (BlockIoException e) {
            throw MemberSettling.inWordsOf(place, aside, e);
        }
    }

    /**
     * Renames the members of a volume from their temporary places to {@code places}.
     *
     * @param places one place for each member, in the folder of its temporary place, where nothing exists yet
     * @return the volume with its members at their places
     * @throws BlockIoException if a member cannot be renamed, e.g. because something is at its place, which was not touched; the members
     *     are removed
     */
    public VolumeManifest settle(VolumeManifest aside, List<MemberUri> places) throws BlockIoException {
        return aside.withMembers(new MemberSettling(stores).settle(aside.members(), places));
    }

    private void remove(MemberStore store, BlockIoException because) {
        closeQuietly(store, because);
        new MemberSettling(stores).remove(store.uri(), because);
    }

    private static void requireSound(ArraySpec spec) throws BlockIoException {
        int members = spec.members().size();
        if (members < 1 || members > ArraySpec.MAX_MEMBERS) {
            throw invalid("members=" + members + " is not between 1 and " + ArraySpec.MAX_MEMBERS);
        }
        if (spec.members().stream().distinct().count() < members) {
            throw invalid("a member is named twice: " + spec.members());
        }
        if (spec.sizeBytes() < 1) {
            throw invalid("size=" + spec.sizeBytes() + " is not positive");
        }
        if (spec.chunkBytes() < 1 || spec.chunkBytes() % ArraySpec.CHUNK_UNIT_BYTES != 0) {
            throw invalid("chunk=" + spec.chunkBytes() + " is not a multiple of " + ArraySpec.CHUNK_UNIT_BYTES);
        }
        if (spec.chunkBytes() > Long.MAX_VALUE / members) {
            throw invalid("chunk=" + spec.chunkBytes() + " is too large for members=" + members);
        }
    }

    private static void requireBlockFits(ArraySpec spec, int index, MemberStore store) throws BlockIoException {
        int blockBytes = store.capabilities().blockBytes();
        if (spec.chunkBytes() % blockBytes != 0) {
            // The message gives the final place of the member: the temporary one means nothing to people.
            throw invalid("chunk=" + spec.chunkBytes() + " is not a multiple of block=" + blockBytes + " of member="
                    + spec.members().get(index).withoutOptions()
                    + "; nothing was made; choose a larger chunk or a smaller block");
        }
    }

    private static long memberBytes(VolumeManifest manifest) throws BlockIoException {
        try {
            long memberBytes = MemberSuperblocks.member(MemberSuperblocks.volume(manifest), 0)
                    .sizeBytes();
            Math.addExact(memberBytes, Superblock.DATA_OFFSET_BYTES);
            return memberBytes;
        } catch (ArithmeticException e) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "size=" + manifest.sizeBytes() + " with chunk=" + manifest.chunkBytes()
                            + " is more than members can hold",
                    e);
        }
    }

    /**
     * Opens a volume; its members are locked until the device is closed.
     *
     * @throws BlockIoException if a member is missing, in use, swapped, foreign or truncated, and nothing was changed; or if a superblock
     *     cannot be written
     */
    public Volume open(VolumeManifest manifest, boolean readOnly) throws BlockIoException {
        List<MemberStore> members = new ArrayList<>();
        try {
            List<Superblock> superblocks = new ArrayList<>();
            for (int i = 0; i < manifest.members().size(); i++) {
                superblocks.add(openMember(manifest, i, readOnly, members));
            }
            return start(manifest, readOnly, members, superblocks);
        } catch (BlockIoException e) {
            members.forEach(member -> closeQuietly(member, e));
            throw e;
        }
    }

    private Superblock openMember(VolumeManifest manifest, int index, boolean readOnly, List<MemberStore> opened)
            throws BlockIoException {
        MemberUri uri = manifest.members().get(index);
        try {
            MemberStore store = stores.forUri(uri).open(uri, new OpenOptions(readOnly, cache));
            opened.add(store);
            Superblock superblock = MemberSuperblocks.read(store);
            MemberSuperblocks.requireMatch(manifest, index, superblock);
            MemberSuperblocks.requireLength(store, superblock.member().sizeBytes());
            if (!readOnly) {
                MemberSuperblocks.requireWritable(superblock);
            }
            return superblock;
        } catch (BlockIoException e) {
            throw new BlockIoException(
                    e.error(),
                    "volume=" + manifest.name() + " member=" + index + " (" + uri + "): " + e.getMessage(),
                    e);
        }
    }

    private Volume start(
            VolumeManifest manifest, boolean readOnly, List<MemberStore> members, List<Superblock> superblocks)
            throws BlockIoException {
        Round last;
        try {
            last = Round.last(manifest, superblocks);
        } catch (BlockIoException e) {
            throw new BlockIoException(e.error(), "volume=" + manifest.name() + ": " + e.getMessage(), e);
        }
        // An interrupted change is completed: the superblocks of the last round take precedence over the catalog.
        VolumeManifest current = manifest.withSizeBytes(last.volume().deviceSizeBytes());
        Personality personality = Personality.of(last.volume());
        for (int i = 0; i < members.size(); i++) {
            try {
                MemberSuperblocks.requireLength(members.get(i), personality.memberBytes(current.sizeBytes()));
            } catch (BlockIoException e) {
                throw new BlockIoException(
                        e.error(), "volume=" + manifest.name() + " member=" + i + ": " + e.getMessage(), e);
            }
        }
        ArrayMetadata metadata = readOnly
                ? ArrayMetadata.readOnly(current)
                : ArrayMetadata.begin(current, MemberRounds.of(members, superblocks, last));
        DeviceInfo info = DeviceInfo.of(manifest.name(), manifest.uuid(), readOnly);
        return new ArrayDevice(info, personality, members, metadata, maxInFlightPerMember);
    }

    /** Opens a plain image without a superblock as a device with one member, named after the last part of its location. */
    public Volume openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
        MemberStore store = stores.forUri(uri).openRaw(uri, new OpenOptions(readOnly, cache));
        String location = uri.location();
        String name = location.substring(location.lastIndexOf('/') + 1);
        VolumeManifest manifest = new VolumeManifest(
                name, NIL_UUID, store.sizeBytes(), ArraySpec.DEFAULT_CHUNK_BYTES, 0, List.of(uri), null);
        return new ArrayDevice(
                DeviceInfo.of(name, NIL_UUID, readOnly),
                Personality.ofImage(),
                List.of(store),
                ArrayMetadata.none(manifest, readOnly),
                maxInFlightPerMember);
    }

    /**
     * Reconstructs the manifest of a volume from its members alone, given in any order. Opens them read-only and closes them again.
     *
     * @throws BlockIoException if the members are not exactly the members of one volume
     */
    public VolumeManifest assemble(List<MemberUri> uris) throws BlockIoException {
        if (uris.isEmpty()) {
            throw invalid("no member was named; name all members of the volume");
        }
        Superblock newest = null;
        List<Superblock> superblocks = new ArrayList<>();
        List<@Nullable MemberUri> byIndex = new ArrayList<>();
        for (MemberUri uri : uris) {
            Superblock superblock = look(uri);
            superblocks.add(superblock);
            if (newest != null
                    && !newest.volume().uuid().equals(superblock.volume().uuid())) {
                throw invalid("member " + uri + " belongs to volume="
                        + superblock.volume().name() + " uuid="
                        + superblock.volume().uuid() + ", the others to volume="
                        + newest.volume().name() + " uuid="
                        + newest.volume().uuid() + "; name the members of one volume only");
            }
            while (byIndex.size() < superblock.volume().members()) {
                byIndex.add(null);
            }
            MemberUri other = byIndex.set(superblock.member().index(), uri);
            if (other != null) {
                throw invalid("both " + other + " and " + uri + " say they are member "
                        + superblock.member().index() + ": one is a copy; name the one that was in use last");
            }
            newest = newest == null || superblock.eventCounter() > newest.eventCounter() ? superblock : newest;
        }
        VolumeManifest manifest = manifestOf(newest, byIndex);
        Round.last(manifest, superblocks);
        return manifest;
    }

    private Superblock look(MemberUri uri) throws BlockIoException {
        try (MemberStore store = stores.forUri(uri).open(uri, true)) {
            Superblock superblock = MemberSuperblocks.read(store);
            MemberSuperblocks.requireReadable(superblock);
            return superblock;
        } catch (BlockIoException e) {
            throw new BlockIoException(e.error(), "member " + uri + ": " + e.getMessage(), e);
        }
    }

    private static VolumeManifest manifestOf(@Nullable Superblock newest, List<@Nullable MemberUri> byIndex)
            throws BlockIoException {
        if (newest == null) {
            throw invalid("no member was named");
        }
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < byIndex.size(); i++) {
            MemberUri uri = byIndex.get(i);
            if (uri == null) {
                throw invalid("volume=" + newest.volume().name() + " has members=" + byIndex.size() + ", member " + i
                        + " was not named; a stripe is readable only with all of them");
            }
            members.add(uri);
        }
        Superblock.Volume volume = newest.volume();
        return new VolumeManifest(
                volume.name(),
                volume.uuid(),
                volume.deviceSizeBytes(),
                volume.chunkBytes(),
                volume.layoutId(),
                members,
                null);
    }

    /**
     * Renames a volume that is not served, in its members too.
     *
     * @return the manifest to store in the catalog
     */
    public VolumeManifest rename(VolumeManifest manifest, String newName) throws BlockIoException {
        // Opening the volume writes the new name. Names are never compared, so after an interruption the volume opens
        // under either name.
        try (Volume device = open(manifest.withName(newName), false)) {
            return device.manifest();
        }
    }

    /**
     * Grows a volume that is not served.
     *
     * @return the manifest to store in the catalog
     */
    public VolumeManifest grow(VolumeManifest manifest, long newSizeBytes) throws BlockIoException {
        try (Volume device = open(manifest, false)) {
            device.grow(newSizeBytes);
            return device.manifest();
        }
    }

    /** Checks every member of a volume that is not served, without changing anything; returns an empty list if all is well. */
    public List<Finding> check(VolumeManifest manifest) {
        return new ArrayCheck(stores).check(manifest);
    }

    private static void closeQuietly(MemberStore store, BlockIoException because) {
        try {
            store.close();
        } catch (BlockIoException e) {
            because.addSuppressed(e);
        }
    }

    private static BlockIoException invalid(String text) {
        return new BlockIoException(IoError.INVALID, text);
    }
}
