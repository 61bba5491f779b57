package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.TestLoops;
import org.slf4j.LoggerFactory;

/** What a database that has the blocks does when it is damaged, file by file. */
@Tag("one-lane")
@Timeout(300)
class RocksDamageTest extends DamageSubject {
    private static final int DATA_BYTES = 8 * MIB;

    @Override
    protected String options() {
        return "?data=database";
    }

    private Path database(Path member) {
        return member.resolve("db");
    }

    /** The largest file that is named like this; of logs the newest, as an older one may wait to be used again. */
    private Path file(Path member, String kind) throws Exception {
        Comparator<Path> order = kind.equals(".log")
                ? Comparator.naturalOrder()
                : Comparator.comparingLong(file -> file.toFile().length());
        try (Stream<Path> files = Files.list(database(member))) {
            return files.filter(file -> file.getFileName().toString().contains(kind))
                    .max(order)
                    .orElseThrow();
        }
    }

    /** Puts a member made with {@code options} in place of the plain one. */
    private void remake(String options) throws Exception {
        closeMember();
        store = PROVIDER.create(MemberUri.parse("rocksdb:" + folder.resolve("remade") + options), SIZE_BYTES);
        port = TestLoops.call(loop, () -> store.port(loop));
    }

    @ParameterizedTest
    @CsvSource({"?profile=compact, .sst", "?data=database, .blob"})
    void aFlippedBitInWhatIsStoredIsEioForItsBlocksAndTheLogNamesTheFile(String options, String kind) throws Exception {
        remake(options);
        byte[] data = pattern(DATA_BYTES, 60);
        write(0, data);
        ((RocksMember) store).reclaimNow();
        closeMember();
        Path damaged = file(place(), kind);
        flipMiddle(damaged);
        openAgain(store.uri());
        Logger logger = (Logger) LoggerFactory.getLogger(RocksMember.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            // A table's block holds some of ours, a blob one.
            assertThat(damagedBlocks(data, BLOCK_BYTES)).isBetween(1, kind.equals(".sst") ? 8 : 1);
            assertThat(damagedBlocks(data, 16 * BLOCK_BYTES)).isBetween(1, 16 + 8);
        } finally {
            logger.detachAppender(log);
        }
        assertThat(log.list).isNotEmpty();
        assertThat(List.copyOf(log.list))
                .allSatisfy(event -> assertThat(event.getFormattedMessage())
                        .contains(
                                store.uri().toString(),
                                "key=10",
                                kind.equals(".sst") ? damaged.toString() : "blob record"));
        // The rest goes on: what is written is read, and a damaged block that is written is whole again.
        write(0, data);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        assertThat(damagedBlocks(data, BLOCK_BYTES)).isZero();
    }

    private void writeInPieces(byte[] data) {
        for (int at = 0; at < data.length; at += 16 * BLOCK_BYTES) {
            write(at, Arrays.copyOfRange(data, at, at + 16 * BLOCK_BYTES));
        }
    }

    /** What no FLUSH covered may be missing from the log, but nothing in the middle of it. */
    @Test
    void aFlippedBitInWhatWasNeverSyncedEndsTheLogThere() throws Exception {
        byte[] data = pattern(DATA_BYTES, 65);
        writeInPieces(data);
        MemberUri crashed = crashed();
        flipMiddle(file(Path.of(crashed.location()), ".log"));
        closeMember();
        openAgain(crashed);
        int there = 0;
        while (Arrays.equals(
                read(there, 16 * BLOCK_BYTES), Arrays.copyOfRange(data, there, there + 16 * BLOCK_BYTES))) {
            there += 16 * BLOCK_BYTES;
        }
        assertThat(there).isBetween(DATA_BYTES / 4, DATA_BYTES * 3 / 4);
        assertThat(read(there, DATA_BYTES - there)).containsOnly(0);
    }

    @Test
    void aFlippedBitInTheSyncedLogIsRefusedRatherThanForgotten() throws Exception {
        byte[] data = pattern(DATA_BYTES, 61);
        writeInPieces(data);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        MemberUri crashed = crashed();
        Path log = file(Path.of(crashed.location()), ".log");
        byte[] before = Files.readAllBytes(log);
        flipBit(log, DATA_BYTES / 2, 4);
        assertThatThrownBy(() -> open(crashed, false))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining(crashed.location())
                .hasMessageContaining("damaged");
        // It was not opened, so it was not changed: with the bit put right it is whole.
        flipBit(log, DATA_BYTES / 2, 4);
        assertThat(Files.readAllBytes(log)).isEqualTo(before);
        closeMember();
        openAgain(crashed);
        assertThat(read(0, DATA_BYTES)).isEqualTo(data);
    }

    @Test
    void aFlippedBitInTheManifestIsRefused() throws Exception {
        write(0, pattern(MIB, 62));
        closeMember();
        Path manifest = file(place(), "MANIFEST");
        flipMiddle(manifest);
        assertThatThrownBy(() -> open(store.uri(), false))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining(place().toString())
                .hasMessageContaining("damaged");
        flipMiddle(manifest);
        openAgain(store.uri());
        assertThat(read(0, MIB)).isEqualTo(pattern(MIB, 62));
    }

    @ParameterizedTest
    @ValueSource(strings = {".sst", ".blob", ".log", "MANIFEST", "CURRENT"})
    void aMissingFileIsRefused(String kind) throws Exception {
        byte[] data = pattern(MIB, 63);
        write(0, data);
        ((RocksMember) store).reclaimNow();
        write(MIB, data);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        MemberUri crashed = crashed();
        Path missing = file(Path.of(crashed.location()), kind);
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

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aMemberThatIsOpenIsNotOpenedAgain(boolean readOnly) throws Exception {
        byte[] data = pattern(MIB, 64);
        write(0, data);
        assertThatThrownBy(() -> open(store.uri(), readOnly))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining(place().toString())
                .hasMessageContaining("in use");
        assertThat(read(0, MIB)).isEqualTo(data);
        write(MIB, data);
    }
}
