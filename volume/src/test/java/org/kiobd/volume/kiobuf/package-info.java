/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.NullMarked;
