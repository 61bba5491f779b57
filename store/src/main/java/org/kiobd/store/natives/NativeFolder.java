package org.kiobd.store.natives;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The folder for unpacked native libraries, shared by all processes of a user, so that a library is unpacked only once. It is the first
 * of several candidate folders that is private, has room for the library and allows execution. Each load compares length and checksum of
 * the unpacked library with the jar's, and requires that no other user can write to the file or to a folder above it. Thread-safe, also
 * between processes.
 */
public final class NativeFolder {
    /** The environment variable that names the folder; if set, it is the only candidate. */
    static final String VARIABLE = "KIOBD_CACHE";

    private static final int OTHERS_WRITE = 022;
    private static final int STICKY = 01000;

    private final List<Path> places;

    NativeFolder(List<Path> places) {
        this.places = List.copyOf(places);
    }

    /** Returns the folder for this process, as its environment and system properties say. */
    public static NativeFolder ofThisProcess() {
        return new NativeFolder(
                places(System.getenv(), System.getProperty("user.home"), System.getProperty("java.io.tmpdir")));
    }

    static List<Path> places(Map<String, String> environment, @Nullable String home, @Nullable String temporary) {
        String named = environment.get(VARIABLE);
        if (named != null && !named.isEmpty()) {
            return List.of(Path.of(named).toAbsolutePath());
        }
        Set<Path> places = new LinkedHashSet<>();
        String cache = environment.get("XDG_CACHE_HOME");
        if (cache != null && cache.startsWith("/")) {
            places.add(Path.of(cache, "kiobd"));
        }
        if (home != null && home.startsWith("/")) {
            places.add(Path.of(home, ".cache", "kiobd"));
        }
        if (temporary != null) {
            // For a user without a home. The name contains the uid because a folder that another user owns is refused.
            places.add(Path.of(temporary).toAbsolutePath().resolve("kiobd-cache-" + uid()));
        }
        return List.copyOf(places);
    }

    private static int uid() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException | UnsupportedOperationException e) {
            return -1;
        }
    }

    /** Loads a library from {@code folder}; throws an {@link UnsatisfiedLinkError} if it cannot be loaded from there. */
    @FunctionalInterface
    public interface Loader {
        void load(Path folder);
    }

    /**
     * Unpacks a library unless it is unpacked already, and loads it.
     *
     * @param library the library, in a jar or in a folder
     * @param name the name of the unpacked file
     * @throws IOException if no candidate folder can be used; its message, one line, names the candidates and says what to do
     */
    public void load(URL library, String name, Loader loader) throws IOException {
        List<String> reasons = new ArrayList<>();
        for (Path place : places) {
            try {
                loader.load(unpacked(place, library, name));
                return;
            } catch (IOException | UnsatisfiedLinkError e) {
                reasons.add(place + " (" + reason(e) + ")");
            }
        }
        throw new IOException(
                "its native library finds no place: " + String.join(", ", reasons) + "; nothing was changed; set "
                        + VARIABLE + " to a folder of yours with room for it, from where programs may be run");
    }

    private static String reason(Throwable e) {
        String message = e instanceof FileSystemException told && told.getReason() != null
                ? told.getReason()
                : e instanceof AccessDeniedException ? "permission denied" : e.getMessage();
        return message == null || message.isEmpty() ? e.getClass().getSimpleName() : message;
    }

    /** Returns the folder below {@code place} that holds the complete library; unpacks it if necessary. */
    private static Path unpacked(Path place, URL library, String name) throws IOException {
        Sum wanted = Sum.of(library);
        // The checksum in the name gives each version of a library its own folder.
        Path folder = privateFolder(place).resolve(name + "-" + Long.toHexString(wanted.crc));
        makeFolder(folder);
        Path file = folder.resolve(name);
        if (!isWhole(file, wanted)) {
            unpack(library, wanted, file);
        }
        if (!Files.isExecutable(file)) {
            throw new IOException("programs may not be run from there: it is mounted noexec");
        }
        return folder;
    }

    /** Returns the real path of {@code place}, which it makes if it is missing; refuses a folder that other users could write to. */
    private static Path privateFolder(Path place) throws IOException {
        makeFolder(place);
        Path real = place.toRealPath();
        int uid = uid();
        for (Path folder = real; folder != null; folder = folder.getParent()) {
            int mode = (Integer) Files.getAttribute(folder, "unix:mode");
            int owner = (Integer) Files.getAttribute(folder, "unix:uid");
            boolean isOurs = owner == uid || owner == 0;
            boolean othersMayAdd = (mode & OTHERS_WRITE) != 0;
            // In a sticky folder, other users cannot replace files and folders that they do not own.
            boolean isSafe =
                    folder.equals(real) ? isOurs && !othersMayAdd : isOurs && (!othersMayAdd || (mode & STICKY) != 0);
            if (!isSafe) {
                throw new IOException("others may write to " + folder + ", so nothing is loaded from there");
            }
        }
        return real;
    }

    private static void makeFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    /**
     * Unpacks the library under a file lock: one of several processes unpacks it, the others wait. It replaces the draft file of a process
     * that was killed.
     */
    private static synchronized void unpack(URL library, Sum wanted, Path file) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel lock = FileChannel.open(
                        file.resolveSibling("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = lock.lock()) {
            if (isWhole(file, wanted)) {
                return;
            }
            Files.deleteIfExists(draft);
            Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            try (InputStream from = open(library);
                    OutputStream to = Files.newOutputStream(draft)) {
                from.transferTo(to);
            } catch (IOException e) {
                Files.deleteIfExists(draft);
                throw e;
            }
            if (!isWhole(draft, wanted)) {
                throw new IOException("what was written to " + draft + " is not what was read from it");
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static InputStream open(URL library) throws IOException {
        URLConnection connection = library.openConnection();
        connection.setUseCaches(false);
        return connection.getInputStream();
    }

    private static boolean isWhole(Path file, Sum wanted) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) != wanted.bytes) {
            return false;
        }
        int mode = (Integer) Files.getAttribute(file, "unix:mode");
        return (mode & OTHERS_WRITE) == 0 && Sum.of(Files.newInputStream(file)).equals(wanted);
    }

    /** Length and CRC-32 of a library. */
    private record Sum(long bytes, long crc) {
        private static final int PIECE_BYTES = 1 << 16;

        /** Returns the sum of {@code library}; for a library in a jar, takes it from the index of the jar. */
        static Sum of(URL library) throws IOException {
            if (library.openConnection() instanceof JarURLConnection inJar) {
                inJar.setUseCaches(false);
                try (JarFile jar = inJar.getJarFile()) {
                    JarEntry entry = inJar.getJarEntry();
                    if (entry == null) {
                        throw new FileNotFoundException(library.toString());
                    }
                    return new Sum(entry.getSize(), entry.getCrc());
                }
            }
            return of(library.openStream());
        }

        /** Returns the sum of {@code from}, which it reads to the end. Takes {@code from}. */
        static Sum of(InputStream from) throws IOException {
            CRC32 crc = new CRC32();
            try (CheckedInputStream checked = new CheckedInputStream(from, crc)) {
                byte[] piece = new byte[PIECE_BYTES];
                long bytes = 0;
                int read = checked.read(piece);
                while (read >= 0) {
                    bytes += read;
                    read = checked.read(piece);
                }
                return new Sum(bytes, crc.getValue());
            }
        }
    }
}
