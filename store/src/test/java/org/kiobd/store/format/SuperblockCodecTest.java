package org.kiobd.store.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.SuperblockCodec.Decoded;
import org.kiobd.volume.BlockIoException;

class SuperblockCodecTest {
    private static Superblock superblock(String name, long event) {
        return new Superblock(
                new Superblock.Features(1, 2, 0),
                new Superblock.Volume(UUID.nameUUIDFromBytes(new byte[] {1}), name, 4, 262_144, 1, 1L << 30),
                new Superblock.Member(2, 1L << 28, Superblock.DATA_OFFSET_BYTES),
                Superblock.State.CLEAN,
                event,
                Superblock.History.madeBy(UUID.nameUUIDFromBytes(new byte[] {2})));
    }

    /** Sets a number and makes the checksum right again, as a later version or a bug would. */
    private static byte[] with(int offset, int value) {
        byte[] bytes = SuperblockCodec.encode(superblock("v", 1));
        ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(offset, value).putInt(SuperblockCodec.CHECKSUM_OFFSET, 0);
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        out.putInt(SuperblockCodec.CHECKSUM_OFFSET, (int) crc.getValue());
        return bytes;
    }

    @Test
    void whatIsEncodedIsDecoded() {
        for (String name : new String[] {"a", "volume-1", "ü".repeat(63) + "x"}) {
            Superblock written = superblock(name, Long.MAX_VALUE);
            assertThat(SuperblockCodec.decode(SuperblockCodec.encode(written))).isEqualTo(new Decoded.Valid(written));
        }
        assertThatThrownBy(() -> SuperblockCodec.encode(superblock("n".repeat(128), 1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyStateComesBackAndOlderVersionsSeeTwoOfThem() {
        for (Superblock.State state : Superblock.State.values()) {
            Superblock one = superblock("v", 1);
            Superblock written = new Superblock(
                    one.features(),
                    one.volume(),
                    one.member(),
                    state,
                    5,
                    new Superblock.History(UUID.randomUUID(), UUID.randomUUID(), UUID.randomUUID()));
            byte[] bytes = SuperblockCodec.encode(written);
            assertThat(SuperblockCodec.decode(bytes)).isEqualTo(new Decoded.Valid(written));
            assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(SuperblockCodec.STATE_OFFSET))
                    .isEqualTo(state == Superblock.State.CLEAN ? 1 : 2);
        }
        // Closed in order, and closing: no version says so.
        assertThat(SuperblockCodec.isValid(with(SuperblockCodec.STATE_DETAIL_OFFSET, 2)))
                .isFalse();
    }

    @Test
    void everySingleFlippedBitIsNoticed() {
        byte[] bytes = SuperblockCodec.encode(superblock("volume", 7));
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(SuperblockCodec.decode(bytes)).as("bit %d", bit).isInstanceOf(Decoded.Damaged.class);
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
        }
        assertThat(SuperblockCodec.isValid(bytes)).isTrue();
    }

    @Test
    void aCopyTornAnywhereIsDamagedOrUnchanged() {
        byte[] old = SuperblockCodec.encode(superblock("volume", 7));
        byte[] next = SuperblockCodec.encode(superblock("volume", 8));
        for (int torn = 512; torn < old.length; torn += 512) {
            byte[] bytes = next.clone();
            System.arraycopy(old, torn, bytes, torn, old.length - torn);
            assertThat(SuperblockCodec.decode(bytes)).isEqualTo(SuperblockCodec.decode(next));
        }
        byte[] bytes = next.clone();
        System.arraycopy(old, SuperblockCodec.EVENT_OFFSET, bytes, SuperblockCodec.EVENT_OFFSET, 8);
        assertThat(SuperblockCodec.decode(bytes)).isInstanceOf(Decoded.Damaged.class);
    }

    @Test
    void whateverStandsThereIsNamedAndNothingThrows() {
        assertThat(SuperblockCodec.decode(new byte[MemberStore.SUPERBLOCK_BYTES]))
                .isInstanceOf(Decoded.Absent.class);
        assertThat(SuperblockCodec.decode(new byte[17])).isInstanceOf(Decoded.Damaged.class);
        assertThat(SuperblockCodec.decode(with(SuperblockCodec.VERSION_OFFSET, 2)))
                .isInstanceOf(Decoded.TooNew.class);
        assertThat(SuperblockCodec.decode(with(SuperblockCodec.INCOMPATIBLE_OFFSET, 1)))
                .isInstanceOf(Decoded.TooNew.class);
        int[] fields = {
            SuperblockCodec.NAME_LENGTH_OFFSET,
            SuperblockCodec.STATE_OFFSET,
            SuperblockCodec.STATE_DETAIL_OFFSET,
            SuperblockCodec.MEMBERS_OFFSET,
            SuperblockCodec.MEMBER_INDEX_OFFSET
        };
        for (int field : fields) {
            for (int value : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
                boolean manyMembers = field == SuperblockCodec.MEMBERS_OFFSET && value == Integer.MAX_VALUE;
                assertThat(SuperblockCodec.isValid(with(field, value)))
                        .as("field at %d = %d", field, value)
                        .isEqualTo(manyMembers);
            }
        }
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        byte[] noise = new byte[MemberStore.SUPERBLOCK_BYTES];
        for (int i = 0; i < 1000; i++) {
            random.nextBytes(noise);
            assertThat(SuperblockCodec.isValid(noise)).as("seed=%d", seed).isFalse();
        }
    }

    @Test
    void theNewestValidCopyHolds() throws Exception {
        byte[] older = SuperblockCodec.encode(superblock("v", 1));
        byte[] newer = SuperblockCodec.encode(superblock("v", 2));
        byte[] damaged = newer.clone();
        damaged[200] ^= 1;
        byte[] absent = new byte[MemberStore.SUPERBLOCK_BYTES];
        assertThat(SuperblockCodec.newestValid(older, newer).eventCounter()).isEqualTo(2);
        assertThat(SuperblockCodec.newestValid(newer, older).eventCounter()).isEqualTo(2);
        assertThat(SuperblockCodec.newestValid(damaged, older).eventCounter()).isEqualTo(1);
        assertThat(SuperblockCodec.newestValid(older, absent).eventCounter()).isEqualTo(1);
    }

    @Test
    void withoutAValidCopyTheReasonIsGiven() {
        byte[] valid = SuperblockCodec.encode(superblock("v", 1));
        byte[] absent = new byte[MemberStore.SUPERBLOCK_BYTES];
        byte[] damaged = valid.clone();
        damaged[200] ^= 1;
        byte[] tooNew = with(SuperblockCodec.VERSION_OFFSET, 9);
        refused(null, null, "raw image");
        refused(absent, absent, "has no superblock");
        refused(damaged, damaged, "checksum is wrong");
        refused(absent, damaged, "checksum is wrong");
        refused(tooNew, tooNew, "newer kiobd");
        refused(damaged, tooNew, "newer kiobd");
        refused(tooNew, valid, "newer kiobd");
        refused(valid, tooNew, "newer kiobd");
    }

    private static void refused(byte[] copy0, byte[] copy1, String words) {
        assertThatThrownBy(() -> SuperblockCodec.newestValid(copy0, copy1))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining(words);
    }
}
