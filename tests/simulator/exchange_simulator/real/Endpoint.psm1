# What Exchange's virtual directory shows of its cmdlets: a function for each, without the parameters that RBAC withholds.
$hidden = $env:EXCHANGE_SIMULATOR_WITHHELD.Split(' ')
foreach ($cmdlet in $ExecutionContext.InvokeCommand.GetCommands('*', 'Cmdlet', $true)) {
    if ($cmdlet.ModuleName -notlike '*Tasks') { continue }
    if ($hidden -contains "$($cmdlet.Name):*") { continue }
    $known = [System.Management.Automation.CommandMetadata]::new($cmdlet)
    foreach ($name in @($known.Parameters.Keys)) {
        if ($hidden -contains "$($cmdlet.Name):$name") { [void]$known.Parameters.Remove($name) }
    }
    $body = [scriptblock]::Create([System.Management.Automation.ProxyCommand]::Create($known))
    $ExecutionContext.SessionState.InvokeProvider.Item.Set("Function:script:$($cmdlet.Name)", $body)
}
