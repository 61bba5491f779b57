package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

/** What a member with data files does when one of its files is damaged. */
@Tag("one-lane")
@Timeout(300)
class DataFilesDamageTest extends DamageSubject {
    private static final int DATA_BYTES = 4 * MIB;

    /** So much that its map is in several blocks of the database's file. */
    private static final int MAPPED_BYTES = 32 * MIB;

    @Override
    protected String options() {
        return "?data=files";
    }

    /** Any bit of any block, before and after the member was closed: the block is EIO, its neighbors are as they were. */
    @Seeded(rounds = 3)
    void aFlippedBitInADataFileIsEioForItsBlock(Random random) throws Exception {
        byte[] data = pattern(DATA_BYTES, random.nextInt(100));
        write(0, data);
        Path file = place().resolve("data-000000");
        int place = random.nextInt(DATA_BYTES / BLOCK_BYTES);
        boolean reopened = random.nextBoolean();
        if (reopened) {
            closeMember();
        }
        flipBit(file, (long) place * BLOCK_BYTES + random.nextInt(BLOCK_BYTES), random.nextInt(8));
        if (reopened) {
            openAgain(store.uri());
        }
        assertThat(damagedBlocks(data, BLOCK_BYTES)).isEqualTo(1);
        assertThat(damagedBlocks(data, DATA_BYTES)).isEqualTo(DATA_BYTES / BLOCK_BYTES - place);
        // What is written over a damaged block is whole again.
        write(0, data);
        assertThat(damagedBlocks(data, DATA_BYTES)).isZero();
        closeMember();
        PROVIDER.delete(store.uri());
        store = create(SIZE_BYTES);
        port = TestLoops.call(loop, () -> store.port(loop));
    }

    @Test
    void aFlippedBitInTheSyncedLogIsRefusedRatherThanForgotten() throws Exception {
        byte[] data = pattern(DATA_BYTES, 61);
        for (int at = 0; at < DATA_BYTES; at += 16 * BLOCK_BYTES) {
            write(at, Arrays.copyOfRange(data, at, at + 16 * BLOCK_BYTES));
        }
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        MemberUri crashed = crashed();
        Path log = newer(Path.of(crashed.location()));
        byte[] before = Files.readAllBytes(log);
        flipBit(log, before.length / 2, 3);
        assertThatThrownBy(() -> open(crashed, false))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining(crashed.location())
                .hasMessageContaining("damaged");
        // It was not opened, so it was not changed: with the bit put right it is whole.
        flipBit(log, before.length / 2, 3);
        assertThat(Files.readAllBytes(log)).isEqualTo(before);
        closeMember();
        openAgain(crashed);
        assertThat(read(0, DATA_BYTES)).isEqualTo(data);
    }

    @ParameterizedTest
    @ValueSource(strings = {"data-000000", "map-log", "db/CURRENT"})
    void aMissingFileIsRefused(String name) throws Exception {
        byte[] data = pattern(MIB, 63);
        write(0, data);
        ((RocksMember) store).reclaimNow();
        write(MIB, data);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        MemberUri crashed = crashed();
        Path place = Path.of(crashed.location());
        Path missing = name.equals("map-log") ? newer(place) : place.resolve(name);
        Path elsewhere = Files.move(missing, folder.resolve("elsewhere"));
        assertThatThrownBy(() -> open(crashed, false))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining(crashed.location());
        Files.move(elsewhere, missing);
        closeMember();
        openAgain(crashed);
        assertThat(read(0, MIB)).isEqualTo(data);
        assertThat(read(MIB, MIB)).isEqualTo(data);
    }

    /** The blocks whose places are lost are EIO; the others stay as they are, whatever is written meanwhile. */
    @Test
    void aFlippedBitInTheMapIsEioForItsBlocks() throws Exception {
        byte[] data = pattern(MAPPED_BYTES, 64);
        write(0, data);
        ((RocksMember) store).reclaimNow();
        closeMember();
        Path map;
        try (Stream<Path> files = Files.list(place().resolve("db"))) {
            map = files.filter(file -> file.toString().endsWith(".sst"))
                    .max(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow();
        }
        flipBit(map, Files.size(map) / 3, 2);
        for (int round = 0; round < 2; round++) {
            openAgain(store.uri());
            assertThat(damagedBlocks(data, BLOCK_BYTES)).isBetween(1, MAPPED_BYTES / BLOCK_BYTES / 2);
            byte[] more = pattern(DATA_BYTES, 70 + round);
            write(MAPPED_BYTES, more);
            assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
            assertThat(read(MAPPED_BYTES, DATA_BYTES)).isEqualTo(more);
            closeMember();
        }
        openAgain(store.uri());
    }

    /** Returns the file of the log that was begun last. */
    private static Path newer(Path place) throws Exception {
        long zero = turn(place.resolve("map-log-0"));
        long one = turn(place.resolve("map-log-1"));
        return place.resolve(zero > one ? "map-log-0" : "map-log-1");
    }

    private static long turn(Path log) throws Exception {
        byte[] bytes = Files.readAllBytes(log);
        return bytes.length < 12 ? -1 : ByteBuffer.wrap(bytes).getLong(4);
    }
}
