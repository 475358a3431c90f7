// ringrift-job: supervises jobs. Started by the daemon; not for people.
//
// As a nursery it forks a supervisor for each folder that it is given; with a folder it supervises
// that one job.

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "ops/jobs/nursery_process.hpp"
#include "ops/jobs/supervisor.hpp"

namespace {

int descriptor_in(const char* text) {
    int number = -1;
    std::from_chars(text, text + std::strlen(text), number);
    return number;
}

}  // namespace

int main(int count, char** arguments) {
    using namespace ringrift::ops;
    if (count == 4 && arguments[1] == std::string_view("--nursery")) {
        ProcessTitle title(count, arguments);
        return run_nursery(descriptor_in(arguments[2]), title);
    }
    if (count < 2 || count > 3) {
        std::fputs("usage: ringrift-job JOB_FOLDER [LOCK_DESCRIPTOR]\n", stderr);
        return 2;
    }
    const int lock = count == 3 ? descriptor_in(arguments[2]) : -1;
    return static_cast<int>(supervise(arguments[1], lock));
}
