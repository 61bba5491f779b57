package org.kiobd.store.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.kiobd.store.MemberStore;

/** docs/FORMAT.md says what the code does: same fields at the same places, without a gap. */
class FormatDocTest {
    private static final Pattern ROW =
            Pattern.compile("\\| (\\d+) \\| (\\d+) \\|(?: `(\\w+)`)? \\| (\\w+) \\| ([^|]+)\\|");

    private record Row(int offset, int bytes, String constant, String type) {}

    private static List<Row> table() throws IOException {
        Path page = Path.of(System.getProperty("basedir", "."), "..", "docs", "FORMAT.md");
        List<Row> rows = new ArrayList<>();
        for (String line : Files.readAllLines(page)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                String constant = row.group(3) == null ? "" : row.group(3);
                rows.add(new Row(
                        Integer.parseInt(row.group(1)), Integer.parseInt(row.group(2)), constant, row.group(4)));
            }
        }
        return rows;
    }

    @Test
    void tableCoversEveryByteOnce() throws IOException {
        int next = 0;
        for (Row row : table()) {
            assertThat(row.offset).as(row.toString()).isEqualTo(next);
            next = row.offset + row.bytes;
        }
        assertThat(next).isEqualTo(MemberStore.SUPERBLOCK_BYTES);
    }

    @Test
    void tableNamesEveryOffsetOfTheCode() throws Exception {
        Map<String, Integer> documented = new TreeMap<>();
        for (Row row : table()) {
            if (!row.constant.isEmpty()) {
                documented.put(row.constant, row.offset);
            }
        }
        Map<String, Integer> coded = new TreeMap<>();
        for (Field field : SuperblockCodec.class.getDeclaredFields()) {
            if (field.getName().endsWith("_OFFSET")) {
                coded.put(field.getName(), field.getInt(null));
            }
        }
        assertThat(documented).isEqualTo(coded);
    }

    @Test
    void aSuperblockReadByTheTableAloneSaysWhatWasWritten() throws IOException {
        UUID uuid = UUID.fromString("01020304-0506-0708-090a-0b0c0d0e0f10");
        UUID use = UUID.fromString("11020304-0506-0708-090a-0b0c0d0e0f11");
        UUID previous = UUID.fromString("21020304-0506-0708-090a-0b0c0d0e0f12");
        UUID madeBy = UUID.fromString("31020304-0506-0708-090a-0b0c0d0e0f13");
        byte[] bytes = SuperblockCodec.encode(new Superblock(
                new Superblock.Features(0x11, 0x22, 0x33),
                new Superblock.Volume(uuid, "straße", 7, 65_536, 1, 1L << 40),
                new Superblock.Member(3, 1L << 38, 1L << 20),
                Superblock.State.CLOSING,
                99,
                new Superblock.History(use, previous, madeBy)));
        Map<String, String> read = new TreeMap<>();
        for (Row row : table()) {
            read.put(row.constant, text(row, bytes));
        }
        read.remove("CHECKSUM_OFFSET");
        Map<String, String> expected = new TreeMap<>(Map.of(
                "MAGIC_OFFSET", "4b494f42444d4252",
                "VERSION_OFFSET", "1",
                "COMPATIBLE_OFFSET", "17",
                "READ_ONLY_COMPATIBLE_OFFSET", "34",
                "INCOMPATIBLE_OFFSET", "51",
                "UUID_OFFSET", uuid.toString(),
                "MEMBER_INDEX_OFFSET", "3",
                "MEMBERS_OFFSET", "7",
                "CHUNK_OFFSET", "65536",
                "LAYOUT_OFFSET", "1"));
        expected.putAll(Map.of(
                "STATE_OFFSET", "2",
                "DEVICE_SIZE_OFFSET", Long.toString(1L << 40),
                "MEMBER_SIZE_OFFSET", Long.toString(1L << 38),
                "DATA_OFFSET_OFFSET", "1048576",
                "EVENT_OFFSET", "99",
                "NAME_LENGTH_OFFSET", "7",
                "NAME_OFFSET", "straße",
                "", "zero"));
        expected.putAll(Map.of(
                "STATE_DETAIL_OFFSET", "2",
                "USE_OFFSET", use.toString(),
                "PREVIOUS_USE_OFFSET", previous.toString(),
                "MADE_BY_OFFSET", madeBy.toString()));
        assertThat(read).isEqualTo(expected);
    }

    private static String text(Row row, byte[] bytes) {
        ByteBuffer little = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer big = ByteBuffer.wrap(bytes);
        return switch (row.type) {
            case "bytes" -> Long.toHexString(big.getLong(row.offset));
            case "u32" -> Integer.toUnsignedString(little.getInt(row.offset));
            case "u64" -> Long.toUnsignedString(little.getLong(row.offset));
            case "uuid" -> new UUID(big.getLong(row.offset), big.getLong(row.offset + 8)).toString();
            case "utf8" -> new String(bytes, row.offset, row.bytes, StandardCharsets.UTF_8).replace("\0", "");
            case "zero" ->
                new String(bytes, row.offset, row.bytes, StandardCharsets.ISO_8859_1)
                                .replace("\0", "")
                                .isEmpty()
                        ? "zero"
                        : "not zero";
            default -> throw new AssertionError("type=" + row.type + " is not known to this test");
        };
    }
}
