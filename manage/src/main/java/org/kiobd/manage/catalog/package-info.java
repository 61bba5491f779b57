/**
 * The catalog: names, manifests and locks of volumes in a home folder, nothing else. Main type:
 * {@link org.kiobd.manage.catalog.VolumeCatalog}.
 *
 * <p>Threads: control threads; locks keep processes apart. Not here: opening a volume ({@code ArrayAssembler} in room raid).
 */
@NullMarked
package org.kiobd.manage.catalog;

import org.jspecify.annotations.NullMarked;
