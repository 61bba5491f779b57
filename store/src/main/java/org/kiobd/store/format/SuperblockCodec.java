package org.kiobd.store.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Encodes and decodes superblocks. Little-endian, 4096 bytes, the remaining bytes are zero:
 *
 * <pre>
 *    0 magic "KIOBDMBR"        8 format version    12 CRC-32C of all 4096 bytes, with this field as zero
 *   16 compatible             24 readOnlyCompatible                          32 incompatible
 *   40 volume uuid, 16 bytes as in its text form
 *   56 member index           60 members           64 chunk bytes            72 layout id      76 state
 *   80 device size            88 member size       96 data offset           104 event counter
 *  112 name length           116 name, UTF-8, at most 127 bytes
 *  244 state detail          248 use id              264 previous use id      280 made by, each 16 bytes as the volume uuid
 * </pre>
 *
 * docs/FORMAT.md has the same table; a test compares the two. Stateless, any thread.
 */
public final class SuperblockCodec {
    static final int MAGIC_OFFSET = 0;
    static final int VERSION_OFFSET = 8;
    static final int CHECKSUM_OFFSET = 12;
    static final int COMPATIBLE_OFFSET = 16;
    static final int READ_ONLY_COMPATIBLE_OFFSET = 24;
    static final int INCOMPATIBLE_OFFSET = 32;
    static final int UUID_OFFSET = 40;
    static final int MEMBER_INDEX_OFFSET = 56;
    static final int MEMBERS_OFFSET = 60;
    static final int CHUNK_OFFSET = 64;
    static final int LAYOUT_OFFSET = 72;
    static final int STATE_OFFSET = 76;
    static final int DEVICE_SIZE_OFFSET = 80;
    static final int MEMBER_SIZE_OFFSET = 88;
    static final int DATA_OFFSET_OFFSET = 96;
    static final int EVENT_OFFSET = 104;
    static final int NAME_LENGTH_OFFSET = 112;
    static final int NAME_OFFSET = 116;
    static final int STATE_DETAIL_OFFSET = 244;
    static final int USE_OFFSET = 248;
    static final int PREVIOUS_USE_OFFSET = 264;
    static final int MADE_BY_OFFSET = 280;

    static final int MAX_NAME_BYTES = 127;
    static final int FORMAT_VERSION = 1;

    /** "KIOBDMBR" read as a little-endian number. */
    static final long MAGIC = ByteBuffer.wrap("KIOBDMBR".getBytes(StandardCharsets.US_ASCII))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();

    private static final int UUID_BYTES = 16;
    private static final int STATE_CLEAN = 1;
    private static final int STATE_NOT_CLEAN = 2;
    private static final int DETAIL_NONE = 0;
    private static final int DETAIL_OPENING = 1;
    private static final int DETAIL_CLOSING = 2;

    private SuperblockCodec() {}

    /** The result of decoding one copy. */
    public sealed interface Decoded {
        /** A superblock that this version understands. */
        record Valid(Superblock superblock) implements Decoded {}

        /** All bytes are zero: no superblock was ever written. */
        record Absent() implements Decoded {}

        /** The bytes are neither zero nor an intact superblock. */
        record Damaged(String reason) implements Decoded {}

        /** A later version wrote the superblock. */
        record TooNew(String reason) implements Decoded {}
    }

    /** Encodes a superblock; returns {@link MemberStore#SUPERBLOCK_BYTES} bytes, owned. */
    public static byte[] encode(Superblock superblock) {
        byte[] name = superblock.volume().name().getBytes(StandardCharsets.UTF_8);
        if (name.length > MAX_NAME_BYTES) {
            throw new IllegalArgumentException("name is longer than " + MAX_NAME_BYTES + " bytes: "
                    + superblock.volume().name());
        }
        byte[] bytes = new byte[MemberStore.SUPERBLOCK_BYTES];
        ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(MAGIC_OFFSET, MAGIC);
        out.putInt(VERSION_OFFSET, FORMAT_VERSION);
        out.putLong(COMPATIBLE_OFFSET, superblock.features().compatible());
        out.putLong(READ_ONLY_COMPATIBLE_OFFSET, superblock.features().readOnlyCompatible());
        out.putLong(INCOMPATIBLE_OFFSET, superblock.features().incompatible());
        putUuid(bytes, UUID_OFFSET, superblock.volume().uuid());
        out.putInt(MEMBER_INDEX_OFFSET, superblock.member().index());
        out.putInt(MEMBERS_OFFSET, superblock.volume().members());
        out.putLong(CHUNK_OFFSET, superblock.volume().chunkBytes());
        out.putInt(LAYOUT_OFFSET, superblock.volume().layoutId());
        out.putInt(STATE_OFFSET, superblock.state() == Superblock.State.CLEAN ? STATE_CLEAN : STATE_NOT_CLEAN);
        out.putLong(DEVICE_SIZE_OFFSET, superblock.volume().deviceSizeBytes());
        out.putLong(MEMBER_SIZE_OFFSET, superblock.member().sizeBytes());
        out.putLong(DATA_OFFSET_OFFSET, superblock.member().dataOffsetBytes());
        out.putLong(EVENT_OFFSET, superblock.eventCounter());
        out.putInt(NAME_LENGTH_OFFSET, name.length);
        System.arraycopy(name, 0, bytes, NAME_OFFSET, name.length);
        out.putInt(STATE_DETAIL_OFFSET, detail(superblock.state()));
        putUuid(bytes, USE_OFFSET, superblock.history().useId());
        putUuid(bytes, PREVIOUS_USE_OFFSET, superblock.history().previousUseId());
        putUuid(bytes, MADE_BY_OFFSET, superblock.history().madeBy());
        out.putInt(CHECKSUM_OFFSET, checksum(bytes));
        return bytes;
    }

    private static int detail(Superblock.State state) {
        return switch (state) {
            case CLEAN, IN_USE -> DETAIL_NONE;
            case OPENING -> DETAIL_OPENING;
            case CLOSING -> DETAIL_CLOSING;
        };
    }

    /** Returns the state that the two fields encode; null if the combination is invalid. */
    private static Superblock.@Nullable State state(int state, int detail) {
        if (state == STATE_CLEAN) {
            return detail == DETAIL_NONE ? Superblock.State.CLEAN : null;
        }
        if (state != STATE_NOT_CLEAN) {
            return null;
        }
        return switch (detail) {
            case DETAIL_NONE -> Superblock.State.IN_USE;
            case DETAIL_OPENING -> Superblock.State.OPENING;
            case DETAIL_CLOSING -> Superblock.State.CLOSING;
            default -> null;
        };
    }

    private static void putUuid(byte[] bytes, int offset, UUID uuid) {
        ByteBuffer.wrap(bytes, offset, UUID_BYTES)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits());
    }

    private static UUID uuid(byte[] bytes, int offset) {
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, UUID_BYTES);
        return new UUID(in.getLong(), in.getLong());
    }

    /** Decodes {@code bytes}; never throws because of their contents. Borrows them. */
    public static Decoded decode(byte[] bytes) {
        if (bytes.length != MemberStore.SUPERBLOCK_BYTES) {
            return new Decoded.Damaged("has " + bytes.length + " bytes");
        }
        if (Arrays.equals(bytes, new byte[bytes.length])) {
            return new Decoded.Absent();
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (in.getLong(MAGIC_OFFSET) != MAGIC) {
            return new Decoded.Damaged("does not begin with KIOBDMBR");
        }
        if (in.getInt(CHECKSUM_OFFSET) != checksum(bytes)) {
            return new Decoded.Damaged("checksum is wrong");
        }
        int version = in.getInt(VERSION_OFFSET);
        long incompatible = in.getLong(INCOMPATIBLE_OFFSET);
        if (version != FORMAT_VERSION || incompatible != 0) {
            return new Decoded.TooNew("format=" + version + " incompatible=0x" + Long.toHexString(incompatible));
        }
        return decodeFields(bytes, in);
    }

    private static Decoded decodeFields(byte[] bytes, ByteBuffer in) {
        int nameBytes = in.getInt(NAME_LENGTH_OFFSET);
        Superblock.State state = state(in.getInt(STATE_OFFSET), in.getInt(STATE_DETAIL_OFFSET));
        int index = in.getInt(MEMBER_INDEX_OFFSET);
        int members = in.getInt(MEMBERS_OFFSET);
        long chunkBytes = in.getLong(CHUNK_OFFSET);
        if (nameBytes < 1
                || nameBytes > MAX_NAME_BYTES
                || state == null
                || members < 1
                || index < 0
                || index >= members
                || chunkBytes < 1
                || in.getLong(DEVICE_SIZE_OFFSET) < 1
                || in.getLong(MEMBER_SIZE_OFFSET) < 1) {
            return new Decoded.Damaged("a field is out of range");
        }
        String name = new String(bytes, NAME_OFFSET, nameBytes, StandardCharsets.UTF_8);
        return new Decoded.Valid(new Superblock(
                new Superblock.Features(
                        in.getLong(COMPATIBLE_OFFSET),
                        in.getLong(READ_ONLY_COMPATIBLE_OFFSET),
                        in.getLong(INCOMPATIBLE_OFFSET)),
                new Superblock.Volume(
                        uuid(bytes, UUID_OFFSET),
                        name,
                        members,
                        chunkBytes,
                        in.getInt(LAYOUT_OFFSET),
                        in.getLong(DEVICE_SIZE_OFFSET)),
                new Superblock.Member(index, in.getLong(MEMBER_SIZE_OFFSET), in.getLong(DATA_OFFSET_OFFSET)),
                state,
                in.getLong(EVENT_OFFSET),
                new Superblock.History(
                        uuid(bytes, USE_OFFSET), uuid(bytes, PREVIOUS_USE_OFFSET), uuid(bytes, MADE_BY_OFFSET))));
    }

    /** Returns whether {@code copy} is a superblock that this version understands. */
    public static boolean isValid(byte @Nullable [] copy) {
        return copy != null && decode(copy) instanceof Decoded.Valid;
    }

    /**
     * Returns the valid copy with the higher event counter. If one copy is too new, the other is not used: the one that is too new may be
     * the authoritative one.
     *
     * @throws BlockIoException if neither copy is valid or one is too new; the message says what is there instead
     */
    public static Superblock newestValid(byte @Nullable [] copy0, byte @Nullable [] copy1) throws BlockIoException {
        if (copy0 == null || copy1 == null) {
            throw new BlockIoException(IoError.INVALID, "has no superblock: it is a raw image, not a member");
        }
        Decoded first = decode(copy0);
        Decoded second = decode(copy1);
        requireNotTooNew(first);
        requireNotTooNew(second);
        if (first instanceof Decoded.Valid one && second instanceof Decoded.Valid two) {
            return two.superblock().eventCounter() > one.superblock().eventCounter()
                    ? two.superblock()
                    : one.superblock();
        }
        if (first instanceof Decoded.Valid one) {
            return one.superblock();
        }
        if (second instanceof Decoded.Valid two) {
            return two.superblock();
        }
        throw new BlockIoException(IoError.INVALID, describe(first, second));
    }

    private static void requireNotTooNew(Decoded copy) throws BlockIoException {
        if (copy instanceof Decoded.TooNew tooNew) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED, "was written by a newer kiobd (" + tooNew.reason() + "); use that one");
        }
    }

    private static String describe(Decoded first, Decoded second) {
        if (first instanceof Decoded.Absent && second instanceof Decoded.Absent) {
            return "has no superblock: it is not a member of a volume";
        }
        Decoded told = first instanceof Decoded.Damaged ? first : second;
        String reason = told instanceof Decoded.Damaged damaged ? damaged.reason() : "a copy is empty";
        return "has no valid superblock (" + reason + "): it is not a member of a volume, or both copies are damaged";
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, CHECKSUM_OFFSET);
        crc.update(new byte[Integer.BYTES]);
        crc.update(bytes, CHECKSUM_OFFSET + Integer.BYTES, bytes.length - CHECKSUM_OFFSET - Integer.BYTES);
        return (int) crc.getValue();
    }
}
