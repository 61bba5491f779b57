package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Looks up one volume or snapshot by its name: its folder, whether it exists, whether it is unfinished, and which server serves it. Any
 * thread; changes nothing.
 */
final class CatalogLookup {
    private final Path volumes;

    /** @param volumes parent folder of the volumes' folders */
    CatalogLookup(Path volumes) {
        this.volumes = volumes;
    }

    Path volumes() {
        return volumes;
    }

    Path folder(String name) throws BlockIoException {
        return VolumeNames.folder(volumes, name);
    }

    boolean exists(String name) throws BlockIoException {
        Path folder = folder(name);
        if (CatalogListing.isClosed(folder)) {
            throw CatalogErrors.failed(
                    "volume=" + name + ": cannot look into " + folder, new AccessDeniedException(folder.toString()));
        }
        return CatalogListing.isListed(folder);
    }

    boolean isThere(String name) {
        try {
            return exists(name);
        } catch (BlockIoException e) {
            return e.error() != IoError.INVALID;
        }
    }

    @Nullable
    Unfinished unfinished(String name) throws BlockIoException {
        try {
            return Unfinished.find(folder(name), name, VolumeLock.isHeld(folder(name)));
        } catch (IOException e) {
            throw cannotSeeLock(name, e);
        }
    }

    void requireFinished(String name) throws BlockIoException {
        Unfinished unfinished = Unfinished.find(folder(name), name, false);
        if (unfinished != null) {
            throw CatalogErrors.invalid(unfinished.message());
        }
    }

    @Nullable
    ServerState server(String name) throws BlockIoException {
        Path folder = folder(name);
        ServerState announced = VolumeLock.announcement(folder);
        try {
            // A server that was killed leaves its announcement, but not its lock.
            return announced != null && VolumeLock.isHeld(folder) ? announced : null;
        } catch (AccessDeniedException e) {
            // This account may not open the lock file.
            return announced != null && ProcessHandle.of(announced.pid()).isPresent() ? announced : null;
        } catch (IOException e) {
            throw cannotSeeLock(name, e);
        }
    }

    private BlockIoException cannotSeeLock(String name, IOException e) throws BlockIoException {
        return CatalogErrors.failed("volume=" + name + ": cannot look at its lock in " + folder(name), e);
    }

    /** Returns the exception for a volume that does not exist, or that has no manifest because it is unfinished. */
    BlockIoException unknown(String name) throws BlockIoException {
        Unfinished unfinished = unfinished(name);
        if (unfinished != null) {
            return CatalogErrors.invalid(unfinished.message());
        }
        if (VolumeNames.isSnapshot(name)) {
            return CatalogErrors.invalid("snapshot=" + name + " does not exist; kiobd snapshot list "
                    + VolumeNames.volumeOf(name) + " shows those that do, kiobd snapshot create " + name + " makes it");
        }
        return CatalogErrors.invalid("volume=" + name + " does not exist in " + volumes.getParent()
                + "; kiobd list shows those that do, kiobd create " + name + " --size SIZE makes it");
    }
}
