// Runs a build as one run of tm: begun before the body, judged after it, whatever happens in between.
// tmTask(title: 'Build', criteria: ['test_failures == 0']) { stage('Test') { … tmTask.measure('reports/*.xml') } }

// Every text reaches the shell as a variable in quotes: titles and branches are other people's words.
def call(Map options = [:], Closure body) {
    def criteria = groovy.json.JsonOutput.toJson(options.criteria ?: [])
    withEnv(["TM_CI_TITLE=${options.title ?: env.JOB_NAME}", "TM_CI_CRITERIA=${criteria}"]) {
        sh 'tm ci start --criteria "$TM_CI_CRITERIA" -- "$TM_CI_TITLE"'
    }
    def result = 'FAILURE'
    try {
        body()
        result = currentBuild.currentResult ?: 'SUCCESS'
    } catch (Exception problem) {
        result = problem.class.simpleName == 'FlowInterruptedException' ? 'ABORTED' : 'FAILURE'
        throw problem
    } finally {
        finish(result, options)
    }
}

// A command as a step: how it ends is measured as <name>_exit_code, and fails the stage as sh does.
def step(String name, String command) {
    withEnv(["TM_CI_STEP=${name}", "TM_CI_COMMAND=${command}"]) {
        sh 'tm ci step "$TM_CI_STEP" -- sh -ec "$TM_CI_COMMAND"'
    }
}

// Reports as paths and globs; tm reads the globs, the shell does not.
def measure(String... files) {
    withEnv(["TM_CI_FILES=${files.join('\n')}"]) {
        sh '''set -f
            IFS=$(printf '\\n_'); IFS=${IFS%_}
            tm ci measure -- $TM_CI_FILES'''
    }
}

// Files by name, counted: tmTask.count('build_artifacts', 'target/*.jar')
def count(String name, String glob) {
    withEnv(["TM_CI_COUNT=${name}=${glob}"]) {
        sh 'tm ci measure --count "$TM_CI_COUNT"'
    }
}

private void finish(String result, Map options) {
    def code = 0
    withEnv(["TM_CI_RESULT=${result}"]) {
        code = sh(returnStatus: true, script: 'tm ci finish --results "$TM_CI_RESULT"')
    }
    if (code != 0 && result == 'SUCCESS') {
        error(code == 5 ? 'tm: the gates do not hold, see the table above.' : "tm ci finish ended with ${code}.")
    }
}
