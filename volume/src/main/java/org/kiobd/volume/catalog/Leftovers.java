package org.kiobd.volume.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.store.MemberStores;
import org.kiobd.volume.store.MemberUri;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What keeps a crash in the middle of a change from costing space for ever: the members that a change makes or replaces are noted beside
 * the manifest before it begins. Of those, whatever the manifest does not name belongs to nobody, whether the change came to its end or
 * not. Control threads; the caller holds the volume's lock.
 */
public final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);
    private static final String NOTE = "unfinished";

    private final VolumeCatalog catalog;
    private final MemberStores stores;

    public Leftovers(VolumeCatalog catalog, MemberStores stores) {
        this.catalog = catalog;
        this.stores = stores;
    }

    /** Notes members that a change of volume {@code name} is about to make or to replace; durable when it returns. */
    public void note(String name, Collection<MemberUri> members) throws BlockIoException {
        try {
            AtomicFiles.write(
                    file(name), members.stream().map(uri -> uri + "\n").collect(Collectors.joining()));
        } catch (IOException e) {
            throw failed(name, e);
        }
    }

    private Path file(String name) throws BlockIoException {
        return catalog.folder(name).resolve(NOTE);
    }

    /**
     * Removes the members that were noted and belong to nobody, and the note; one that somebody has open stays, noted, until the next
     * time. Without a note it does nothing.
     */
    public void clear(String name) throws BlockIoException {
        List<String> noted;
        try {
            noted = Files.readAllLines(file(name));
        } catch (NoSuchFileException e) {
            // Nothing was under way.
            return;
        } catch (IOException e) {
            throw failed(name, e);
        }
        List<MemberUri> named = catalog.exists(name) ? catalog.load(name).members() : List.of();
        boolean allGone = true;
        for (String line : noted) {
            MemberUri uri = MemberUri.parse(line);
            allGone &= named.contains(uri) || remove(name, uri);
        }
        try {
            if (allGone) {
                Files.deleteIfExists(file(name));
            }
        } catch (IOException e) {
            throw failed(name, e);
        }
    }

    /** False if it is in use: by who reads a snapshot that was made for the time being, for one. */
    private boolean remove(String name, MemberUri uri) throws BlockIoException {
        try {
            if (stores.forUri(uri).exists(uri)) {
                LOG.info("volume={}: {} is left from a change and is removed", name, uri);
            }
            stores.forUri(uri).delete(uri);
            return true;
        } catch (BlockIoException e) {
            if (e.error() != IoError.NOT_PERMITTED) {
                throw e;
            }
            LOG.info("volume={}: {} is left from a change and stays for now: {}", name, uri, e.getMessage());
            return false;
        }
    }

    /** The same for all snapshots of volume {@code name}, whose lock is the caller's: none is being made. */
    public void clearSnapshots(String name) throws BlockIoException {
        for (String snapshot : catalog.halfSnapshots(name)) {
            clear(snapshot);
            catalog.abandon(snapshot);
        }
        for (String snapshot : catalog.snapshots(name)) {
            clear(snapshot);
        }
    }

    private static BlockIoException failed(String name, IOException e) {
        return e instanceof BlockIoException told
                ? told
                : new BlockIoException(
                        IoError.IO, "volume=" + name + ": cannot note what is under way: " + e.getMessage(), e);
    }
}
