/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.volume.store.file;

import org.jspecify.annotations.NullMarked;
