#ifndef P8_WEB_ASSERT_H
#define P8_WEB_ASSERT_H

#define static_assert _Static_assert

#endif
