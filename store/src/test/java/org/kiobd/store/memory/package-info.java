/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.store.memory;

import org.jspecify.annotations.NullMarked;
