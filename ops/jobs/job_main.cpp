// ringrift-job: supervises one job. Started by the daemon; not for people.

#include <charconv>
#include <cstdio>
#include <cstring>

#include "ops/jobs/supervisor.hpp"

int main(int count, char** arguments) {
    if (count < 2 || count > 3) {
        std::fputs("usage: ringrift-job JOB_FOLDER [LOCK_DESCRIPTOR]\n", stderr);
        return 2;
    }
    int lock = -1;
    if (count == 3) std::from_chars(arguments[2], arguments[2] + std::strlen(arguments[2]), lock);
    return static_cast<int>(ringrift::ops::supervise(arguments[1], lock));
}
