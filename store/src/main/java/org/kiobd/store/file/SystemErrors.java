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
 * Finds the errno behind an exception of Java or of a library that has only the system's error text, so that it gets the same message
 * and the same {@link IoError} as kiobd's own system calls. Stateless, any thread.
 */
public final class SystemErrors {
    /**
     * Errors that are recognized by their text, in English, as in a JVM that has not set the locale of the C library. None of them means
     * that a file is missing or exists already.
     */
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

    /** The known error texts. Initialized after a failure; if that was the loading of {@link Libc}, the texts are English only. */
    private static final class Words {
        /** Longest text first, because one text is the beginning of another. */
        static final List<Map.Entry<String, Integer>> ERRNO = known();

        private static List<Map.Entry<String, Integer>> known() {
            Map<String, Integer> words = new HashMap<>();
            ENGLISH.forEach((errno, text) -> words.put(text, errno));
            if (!"en".equals(System.getProperty("user.language", "en"))) {
                try {
                    ENGLISH.keySet().forEach(errno -> words.put(Libc.strerror(errno), errno));
                } catch (LinkageError e) {
                    // The English texts remain.
                }
            }
            List<Map.Entry<String, Integer>> sorted = new ArrayList<>(words.entrySet());
            sorted.sort((one, other) ->
                    Integer.compare(other.getKey().length(), one.getKey().length()));
            return sorted;
        }
    }

    /** Returns the errno behind {@code failure} or one of its causes; 0 if it is unknown. */
    private static int errno(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            // The message of these three exceptions is a path, which may contain any text.
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
                // FileNotFoundException puts the text in parentheses; Java appends a guess to the text of ELOOP.
                if (message.endsWith(known.getKey())
                        || message.endsWith("(" + known.getKey() + ")")
                        || message.contains(known.getKey() + " or unable")) {
                    return known.getValue();
                }
            }
        }
        return 0;
    }

    /** Maps {@code failure} to the error of the block layer; {@link IoError#IO} if nothing more precise is known. */
    public static IoError toIoError(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof BlockIoException told) {
                return told.error();
            }
        }
        int errno = errno(failure);
        return errno == 0 ? IoError.IO : Errno.toIoError(errno);
    }

    /** Maps the error message of a library to the error of the block layer; null if it contains no known error text. */
    public static @Nullable IoError toIoError(String message) {
        int errno = errno(message);
        return errno == 0 ? null : Errno.toIoError(errno);
    }

    /** Returns whether a write failed because the reader of the pipe or socket is gone (EPIPE). */
    public static boolean isBrokenPipe(Throwable failure) {
        return errno(failure) == Errno.EPIPE;
    }

    /** Returns the reason and what to do, as text to follow the description of what failed. */
    public static String describe(Throwable failure) {
        int errno = errno(failure);
        if (errno != 0) {
            return Errno.describe(errno);
        }
        return failure.getClass().getSimpleName() + ": " + failure.getMessage();
    }

    /**
     * Returns the exception for a failed action; {@code because} itself if it is a {@link BlockIoException}.
     *
     * @param what description of the failed action and its object, without a colon at the end
     */
    public static BlockIoException failure(String what, Exception because) {
        if (because instanceof BlockIoException told) {
            return told;
        }
        return new BlockIoException(toIoError(because), what + ": " + describe(because), because);
    }
}
