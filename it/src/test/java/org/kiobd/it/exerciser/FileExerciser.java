package org.kiobd.it.exerciser;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

/**
 * Writes, reads, maps, cuts, lengthens and syncs a file at random places, in the manner of fsx, and compares each byte it reads with what was
 * written. The seed is printed; the same seed makes the same operations. Exits with 1 when a call fails or a byte is wrong.
 */
public final class FileExerciser implements AutoCloseable {
    private static final int MOST_BYTES = 4 << 20;
    private static final int MOST_TRANSFER_BYTES = 64 << 10;
    private static final int LONGEST_LINE_MS = 500;

    private final FileChannel file;
    private final Random random;
    private final byte[] expected = new byte[MOST_BYTES];
    private int sizeBytes;
    private long longestMs;

    private FileExerciser(Path path, long seed) throws IOException {
        file = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        random = new Random(seed);
    }

    /**
     * Exercises a file until another file exists.
     *
     * @param arguments the file, the file whose existence ends the work, and a seed
     */
    public static void main(String[] arguments) throws IOException {
        Path path = Path.of(arguments[0]);
        Path end = Path.of(arguments[1]);
        long seed = Long.parseLong(arguments[2]);
        System.out.println("seed=" + seed);
        long operations = 0;
        try (FileExerciser exerciser = new FileExerciser(path, seed)) {
            while (!Files.exists(end)) {
                exerciser.step();
                operations++;
            }
            exerciser.checkAll();
            System.out.println("sum=" + exerciser.sum());
            System.out.println("operations=" + operations + " longestMs=" + exerciser.longestMs);
        } catch (IOException | IllegalStateException | InternalError e) {
            System.out.println("operations=" + operations + " failed: " + e);
            System.exit(1);
        }
    }

    private void step() throws IOException {
        long began = System.nanoTime();
        int from = random.nextInt(MOST_BYTES - MOST_TRANSFER_BYTES);
        int bytes = 1 + random.nextInt(MOST_TRANSFER_BYTES);
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> write(from, bytes);
            case 3, 4, 5 -> read(from, bytes);
            case 6 -> writeMapped(from, bytes);
            case 7 -> readMapped(from, bytes);
            case 8 -> resize(random.nextInt(8) == 0 ? from : Math.max(sizeBytes, from));
            default -> file.force(random.nextBoolean());
        }
        long tookMs = (System.nanoTime() - began) / 1_000_000;
        longestMs = Math.max(longestMs, tookMs);
        if (tookMs > LONGEST_LINE_MS) {
            System.out.println("took " + tookMs + " ms");
        }
    }

    private byte[] next(int from, int bytes) {
        byte[] content = new byte[bytes];
        random.nextBytes(content);
        System.arraycopy(content, 0, expected, from, bytes);
        sizeBytes = Math.max(sizeBytes, from + bytes);
        return content;
    }

    private void write(int from, int bytes) throws IOException {
        ByteBuffer content = ByteBuffer.wrap(next(from, bytes));
        while (content.hasRemaining()) {
            file.write(content, from + (long) content.position());
        }
    }

    private void writeMapped(int from, int bytes) throws IOException {
        // Lengthens the file first, as a page beyond the end cannot be written.
        resize(Math.max(sizeBytes, from + bytes));
        MappedByteBuffer mapped = file.map(FileChannel.MapMode.READ_WRITE, from, bytes);
        mapped.put(0, next(from, bytes));
        if (random.nextBoolean()) {
            mapped.force();
        }
    }

    private void read(int from, int bytes) throws IOException {
        int there = Math.min(bytes, sizeBytes - from);
        if (there <= 0) {
            return;
        }
        ByteBuffer content = ByteBuffer.allocate(there);
        while (content.hasRemaining()) {
            int read = file.read(content, from + (long) content.position());
            if (read < 0) {
                throw new IllegalStateException(
                        "the file ends at " + (from + content.position()) + ", not at " + sizeBytes);
            }
        }
        compare(from, content.array());
    }

    private void readMapped(int from, int bytes) throws IOException {
        int there = Math.min(bytes, sizeBytes - from);
        if (there > 0) {
            byte[] content = new byte[there];
            file.map(FileChannel.MapMode.READ_ONLY, from, there).get(content);
            compare(from, content);
        }
    }

    private void resize(int newSizeBytes) throws IOException {
        if (newSizeBytes < sizeBytes) {
            file.truncate(newSizeBytes);
            Arrays.fill(expected, newSizeBytes, sizeBytes, (byte) 0);
        } else if (newSizeBytes > sizeBytes) {
            file.write(ByteBuffer.wrap(new byte[1]), newSizeBytes - 1L);
        }
        sizeBytes = newSizeBytes;
    }

    private void compare(int from, byte[] content) {
        int wrong = Arrays.mismatch(content, 0, content.length, expected, from, from + content.length);
        if (wrong >= 0) {
            throw new IllegalStateException("wrong byte at " + (from + wrong) + " of " + sizeBytes);
        }
    }

    /** Returns the SHA-256 of what the file must contain, for a look at the file when the file system was mounted again. */
    private String sum() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(expected, 0, sizeBytes);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void checkAll() throws IOException {
        file.force(true);
        if (file.size() != sizeBytes) {
            throw new IllegalStateException("the file has " + file.size() + " bytes, not " + sizeBytes);
        }
        for (int at = 0; at < sizeBytes; at += MOST_TRANSFER_BYTES) {
            read(at, MOST_TRANSFER_BYTES);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
