# What Exchange's virtual directory shows of its cmdlets: a function for each, without what RBAC withholds.
$hidden = [Environment]::GetEnvironmentVariable('EXCHANGE_SIMULATOR_WITHHELD').Split(' ')
foreach ($cmdlet in $ExecutionContext.InvokeCommand.GetCommands('*', 'Cmdlet', $true)) {
    if ($cmdlet.ModuleName -notlike '*Tasks' -or $hidden -contains "$($cmdlet.Name):*") { continue }
    $known = [System.Management.Automation.CommandMetadata]::new($cmdlet)
    foreach ($name in @($known.Parameters.Keys)) {
        if ($hidden -contains "$($cmdlet.Name):$name") { [void]$known.Parameters.Remove($name) }
    }
    . ([scriptblock]::Create("function $($cmdlet.Name) {$([System.Management.Automation.ProxyCommand]::Create($known))}"))
}
