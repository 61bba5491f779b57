/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.volume.queue;

import org.jspecify.annotations.NullMarked;
