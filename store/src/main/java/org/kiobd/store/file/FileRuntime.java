package org.kiobd.store.file;

/**
 * Holds the resources that all file members of a provider share: the threads for calls that may block, and the estimate of the kernel's room for dirty pages.
 * Owned by the {@link FileMemberStoreProvider}, which closes it after all members. Any thread.
 */
final class FileRuntime implements AutoCloseable {
    private final FileTuning tuning;
    private final DirtyRoom dirtyRoom;
    private final FileThreads threads = new FileThreads();

    FileRuntime(FileTuning tuning, DirtyRoom dirtyRoom) {
        this.tuning = tuning;
        this.dirtyRoom = dirtyRoom;
    }

    FileTuning tuning() {
        return tuning;
    }

    DirtyRoom dirtyRoom() {
        return dirtyRoom;
    }

    FileThreads threads() {
        return threads;
    }

    /** Ends the threads after the calls they make now. */
    @Override
    public void close() {
        threads.close();
    }
}
