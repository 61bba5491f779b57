package org.kiobd.store.file;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Tells what the operating system meant by an exception of Java, or of a library, that only carries the system's words: the same words
 * and the same {@link IoError} as for our own calls. Stateless, any thread.
 */
public final class SystemErrors {
    /** What says nothing of the thing that was asked about, and its words in English, which is what a JVM without C's locale says. */
    private static final Map<Integer, String> ENGLISH = Map.ofEntries(
            Map.entry(Errno.EPERM, "Operation not permitted"),
            Map.entry(Errno.EINTR, "Interrupted system call"),
            Map.entry(Errno.EIO, "Input/output error"),
            Map.entry(Errno.EBADF, "Bad file descriptor"),
            Map.entry(Errno.ENOMEM, "Cannot allocate memory"),
            Map.entry(Errno.EACCES, "Permission denied"),
            Map.entry(Errno.EISDIR, "Is a directory"),
            Map.entry(Errno.ENFILE, "Too many open files in system"),
            Map.entry(Errno.EMFILE, "Too many open files"),
            Map.entry(Errno.ENOSPC, "No space left on device"),
            Map.entry(Errno.EROFS, "Read-only file system"),
            Map.entry(Errno.EPIPE, "Broken pipe"),
            Map.entry(Errno.ENAMETOOLONG, "File name too long"),
            Map.entry(Errno.ELOOP, "Too many levels of symbolic links"),
            Map.entry(Errno.EDQUOT, "Disk quota exceeded"));

    private SystemErrors() {}

    /** Asked for when something has failed already: that the calls cannot be reached may be the very reason. */
    private static final class Words {
        /** The longer ones first: one is the beginning of another. */
        static final List<Map.Entry<String, Integer>> ERRNO = known();

        private static List<Map.Entry<String, Integer>> known() {
            Map<String, Integer> words = new HashMap<>();
            ENGLISH.forEach((errno, text) -> words.put(text, errno));
            if (!"en".equals(System.getProperty("user.language", "en"))) {
                try {
                    ENGLISH.keySet().forEach(errno -> words.put(Libc.strerror(errno), errno));
                } catch (LinkageError e) {
                    // English it is.
                }
            }
            List<Map.Entry<String, Integer>> sorted = new ArrayList<>(words.entrySet());
            sorted.sort((one, other) ->
                    Integer.compare(other.getKey().length(), one.getKey().length()));
            return sorted;
        }
    }

    /** The errno that {@code failure}, or what caused it, was made from; 0 if none can be told. */
    private static int errno(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            // Of the first three the message is a path, which may be any words.
            if (cause instanceof AccessDeniedException) {
                return Errno.EACCES;
            }
            if (cause instanceof NoSuchFileException) {
                return Errno.ENOENT;
            }
            if (cause instanceof FileAlreadyExistsException) {
                return Errno.EEXIST;
            }
            int errno = errno(cause.getMessage());
            if (errno != 0) {
                return errno;
            }
            if (cause instanceof OutOfMemoryError) {
                return Errno.ENOMEM;
            }
        }
        return 0;
    }

    private static int errno(@Nullable String message) {
        if (message != null) {
            for (Map.Entry<String, Integer> known : Words.ERRNO) {
                // FileNotFoundException has them in brackets; after ELOOP's own words Java has a guess of its own.
                if (message.endsWith(known.getKey())
                        || message.endsWith("(" + known.getKey() + ")")
                        || message.contains(known.getKey() + " or unable")) {
                    return known.getValue();
                }
            }
        }
        return 0;
    }

    /** What {@code failure} is to the block layer; {@link IoError#IO} where nothing finer can be told. */
    public static IoError toIoError(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof BlockIoException told) {
                return told.error();
            }
        }
        int errno = errno(failure);
        return errno == 0 ? IoError.IO : Errno.toIoError(errno);
    }

    /** The same for the words of a library; null if no error of the system is among them. */
    public static @Nullable IoError toIoError(String message) {
        int errno = errno(message);
        return errno == 0 ? null : Errno.toIoError(errno);
    }

    /** Whether who was written to has gone. */
    public static boolean isBrokenPipe(Throwable failure) {
        return errno(failure) == Errno.EPIPE;
    }

    /** Why, and what to do, for a message that has named what was wanted. */
    public static String describe(Throwable failure) {
        int errno = errno(failure);
        if (errno != 0) {
            return Errno.describe(errno);
        }
        return failure.getClass().getSimpleName() + ": " + failure.getMessage();
    }

    /**
     * {@code what} could not be done.
     *
     * @param what what was wanted and of what, without a colon behind it
     */
    public static BlockIoException failure(String what, Exception because) {
        if (because instanceof BlockIoException told) {
            return told;
        }
        return new BlockIoException(toIoError(because), what + ": " + describe(because), because);
    }
}
