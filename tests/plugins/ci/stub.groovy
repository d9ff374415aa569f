// Jenkins in small: runs a Jenkinsfile with the steps it uses, `sh` for real; a step that is not here fails it.
// groovy stub.groovy JENKINSFILE LIBRARY: exits 0 for SUCCESS, 1 for UNSTABLE or FAILURE.
import org.codehaus.groovy.control.CompilerConfiguration

class Interrupted extends RuntimeException { String result = 'ABORTED' }

class Steps {
    static Map<String, String> variables = [:]
    static String result = null

    static int run(String script, Map more) {
        def builder = new ProcessBuilder('sh', '-xe', '-c', script.toString()).redirectErrorStream(true)
        builder.environment().putAll(variables.collectEntries { k, v -> [k, v.toString()] })
        def process = builder.start()
        process.inputStream.eachLine { println it }
        return process.waitFor()
    }
}

abstract class Pipeline extends Script {
    Object getEnv() { return Steps.variables.withDefault { System.getenv(it) } }
    Object getCurrentBuild() { return [currentResult: Steps.result ?: 'SUCCESS', result: Steps.result] }
    Object getScm() { return 'scm' }

    void node(Closure body) { body() }
    void checkout(Object scm) { }
    void junit(Map options) {
        if (!options.testResults) { throw new IllegalArgumentException('junit needs testResults') }
    }
    void archiveArtifacts(Map options) { }
    void error(String message) { throw new RuntimeException(message) }

    void stage(String name, Closure body) {
        withEnv(["STAGE_NAME=${name}"]) { body() }
    }

    void withEnv(List<String> pairs, Closure body) {
        def before = new LinkedHashMap(Steps.variables)
        pairs.each { pair ->
            def (name, value) = pair.toString().split('=', 2)
            Steps.variables[name] = value
        }
        try { body() } finally { Steps.variables = before }
    }

    Object sh(String script) { return sh(script: script) }
    Object sh(Map options) {
        def code = Steps.run(options.script.toString(), options)
        if (options.returnStatus) { return code }
        if (code != 0) { throw new RuntimeException("script returned exit code ${code}") }
        return null
    }
}

def settings = new CompilerConfiguration()
settings.scriptBaseClass = 'Pipeline'
def loader = new GroovyShell(this.class.classLoader, new Binding(), settings)
def binding = new Binding()
binding.setVariable('tmTask', loader.parse(new File(args[1])))
def text = new File(args[0]).text.replaceFirst(/@Library\('tm'\) _/, '')
try {
    new GroovyShell(this.class.classLoader, binding, settings).evaluate(text)
    println "RESULT ${Steps.result ?: 'SUCCESS'}"
} catch (Exception problem) {
    println "RESULT FAILURE ${problem.message}"
    System.exit(1)
}
