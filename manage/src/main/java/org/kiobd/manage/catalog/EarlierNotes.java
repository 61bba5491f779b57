package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles the notes of interrupted changes by versions before 0.6: a file {@code unfinished} with one member per line. The file does not
 * say whose members they are. So this class removes only members inside the volume's own folder whose superblocks name this volume.
 * Stateless.
 */
final class EarlierNotes {
    private static final Logger LOG = LoggerFactory.getLogger(EarlierNotes.class);
    static final String NOTE = "unfinished";

    private EarlierNotes() {}

    /**
     * Removes the members in the note, and then the note.
     *
     * @param named members that the manifest names
     */
    static void settle(VolumeCatalog catalog, MemberRemoval removal, String name, Set<MemberUri> named)
            throws BlockIoException {
        Path folder = catalog.folder(name);
        List<String> lines;
        try {
            lines = SmallFiles.read(folder.resolve(NOTE)).lines().toList();
        } catch (NoSuchFileException e) {
            return;
        } catch (IOException e) {
            LOG.warn("volume={}: {} cannot be read and stays: {}", name, folder.resolve(NOTE), e.toString());
            return;
        }
        boolean done = true;
        for (String line : lines) {
            MemberUri uri = line.isEmpty() ? null : MemberUri.parse(line);
            if (uri == null || named.contains(uri)) {
                continue;
            }
            if (!named.isEmpty() && MemberPlaces.isInside(uri, folder)) {
                done &= removal.remove(uri, identity -> identity.volumeUuid().equals(uuid(catalog, name)), null);
            } else {
                LOG.warn(
                        "volume={}: an interrupted change of an earlier version left {}; it was not touched; remove it if"
                                + " nothing needs it",
                        name,
                        uri);
            }
        }
        if (done) {
            try {
                Files.deleteIfExists(folder.resolve(NOTE));
            } catch (IOException e) {
                LOG.warn("volume={}: {} cannot be removed: {}", name, folder.resolve(NOTE), e.toString());
            }
        }
    }

    private static Object uuid(VolumeCatalog catalog, String name) {
        try {
            return catalog.load(name).uuid();
        } catch (BlockIoException e) {
            return name;
        }
    }
}
