// The life of a job in the hands: ops/jobs/job_life.hpp, sentence by sentence.

#include "ops/jobs/job_life.hpp"

#include <array>
#include <initializer_list>
#include <set>

#include "tests/catch.hpp"

namespace ringrift::tests {
namespace {

using ops::after;
using ops::JobNews;
using ops::JobStage;
using enum JobStage;

constexpr std::array all_stages = {absent, launching, awaited, wanted, running, settling, ended};
constexpr std::array all_news = {JobNews::start_asked, JobNews::found,         JobNews::launched,
                                 JobNews::unwatchable, JobNews::not_launched,  JobNews::seen,
                                 JobNews::gone,        JobNews::never_started, JobNews::called_off,
                                 JobNews::settled,     JobNews::forget_asked};

constexpr JobStage lived(std::initializer_list<JobNews> news) {
    JobStage stage = absent;
    for (const JobNews each : news) stage = after(stage, each);
    return stage;
}

// Every stage that can be reached from `start` by news, itself included.
std::set<JobStage> reached_from(JobStage start) {
    std::set<JobStage> reached = {start};
    for (bool grew = true; grew;) {
        const auto before = reached;
        for (const JobStage stage : before) {
            for (const JobNews news : all_news) reached.insert(after(stage, news));
        }
        grew = reached.size() > before.size();
    }
    return reached;
}

}  // namespace

TEST_CASE("a job that is asked for is launched, runs, is settled, ends and is forgotten") {
    CHECK(lived({JobNews::start_asked}) == launching);
    CHECK(lived({JobNews::start_asked, JobNews::launched}) == running);
    CHECK(lived({JobNews::start_asked, JobNews::launched, JobNews::gone}) == settling);
    CHECK(lived({JobNews::start_asked, JobNews::launched, JobNews::gone, JobNews::settled}) ==
          ended);
    CHECK(after(ended, JobNews::forget_asked) == absent);
}

TEST_CASE("a job that cannot be launched has ended, so that its failure is reported") {
    CHECK(after(launching, JobNews::not_launched) == ended);
}

TEST_CASE(
    "a job that was found runs when its supervisor says who it is, and is settled if it has "
    "ended") {
    CHECK(lived({JobNews::found, JobNews::seen}) == running);
    CHECK(lived({JobNews::found, JobNews::gone}) == settling);
}

TEST_CASE("a job that was found and never started goes without a word unless it was asked for") {
    CHECK(lived({JobNews::found, JobNews::never_started}) == absent);
    CHECK(lived({JobNews::found, JobNews::start_asked, JobNews::never_started}) == launching);
    CHECK(lived({JobNews::found, JobNews::start_asked, JobNews::called_off}) == ended);
    CHECK(lived({JobNews::found, JobNews::never_started, JobNews::start_asked}) == launching);
}

TEST_CASE("a job that was started but cannot be watched is watched by its lock, and not lost") {
    CHECK(lived({JobNews::start_asked, JobNews::unwatchable, JobNews::seen}) == running);
    CHECK(lived({JobNews::start_asked, JobNews::unwatchable, JobNews::never_started}) == launching);
}

TEST_CASE("to start what is there, and to forget what has not ended, changes nothing") {
    for (const JobStage stage : {launching, wanted, running, settling, ended}) {
        CHECK(after(stage, JobNews::start_asked) == stage);
    }
    for (const JobStage stage : {absent, launching, awaited, wanted, running, settling}) {
        CHECK(after(stage, JobNews::forget_asked) == stage);
    }
}

TEST_CASE("what was asked for cannot leave the table before it has ended") {
    for (const JobStage stage : {launching, wanted, running, settling}) {
        for (const JobNews news : all_news) CHECK(after(stage, news) != absent);
        for (const JobNews news : all_news) CHECK(after(stage, news) != awaited);
    }
}

TEST_CASE("from every stage a job can leave the table, and then be launched anew") {
    for (const JobStage stage : all_stages) CHECK(reached_from(stage).contains(absent));
    CHECK(after(absent, JobNews::start_asked) == launching);
}

TEST_CASE("a program that may have run is never launched again under the same claim") {
    for (const JobStage stage : {running, settling, ended}) {
        for (const JobNews news : all_news) CHECK(after(stage, news) != launching);
    }
}

}  // namespace ringrift::tests
