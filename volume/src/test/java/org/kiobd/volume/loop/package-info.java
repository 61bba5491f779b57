/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.volume.loop;

import org.jspecify.annotations.NullMarked;
